"""Tests of the command line: slips in commands and flags, and what the help shows."""

from pathlib import Path

import pytest

from thumbrun import cli
from thumbrun.settings.declared import DECLARED, GROUPS

COMMANDS = ("run", "plan", "retry", "verify", "doctor", "demo")


def refused(capsys: pytest.CaptureFixture[str], *arguments: str) -> list[str]:
    """Return what is wrong with some arguments, a line each, and check that the command did nothing."""
    assert 2 == cli.main(arguments)
    said = capsys.readouterr()
    first, *lines = said.err.splitlines()
    assert ("", "thumbrun did nothing, because:") == (said.out, first)
    return lines


@pytest.mark.parametrize(
    ("arguments", "problem", "hint"),
    [
        (["rum", "pictures"], "there is no command 'rum'; did you mean 'run'?", "thumbrun"),
        (["versify"], "there is no command 'versify'; did you mean 'verify'?", "thumbrun"),
        (["xyz"], "there is no command 'xyz'", "thumbrun"),
        (["gs://b/in"], "'gs://b/in' is no command; did you mean 'thumbrun run gs://b/in'?", "thumbrun"),
        (["a.jpg"], "'a.jpg' is no command; did you mean 'thumbrun run a.jpg'?", "thumbrun"),
        (["here"], "'here' is no command; did you mean 'thumbrun run here'?", "thumbrun"),
        (
            ["--size", "50", "run", "in"],
            "'--size' comes before a command; flags come after it, as in thumbrun run SOURCE --size 200",
            "thumbrun",
        ),
        (["--versoin"], "thumbrun has no flag '--versoin'; did you mean --version?", "thumbrun"),
        (["run", "in", "--siz", "5"], "thumbrun run has no flag '--siz'; did you mean --size?", "thumbrun run"),
        (["plan", "in", "--sizes=5"], "thumbrun plan has no flag '--sizes'; did you mean --size?", "thumbrun plan"),
        (["verify", "r", "--quik"], "thumbrun verify has no flag '--quik'; did you mean --quick?", "thumbrun verify"),
        (["verify", "r", "--zzz"], "thumbrun verify has no flag '--zzz'", "thumbrun verify"),
        (["demo", "--foldr", "x"], "thumbrun demo has no flag '--foldr'; did you mean --folder?", "thumbrun demo"),
        (
            ["run", "a.jpg", "b.jpg", "c.jpg"],
            "thumbrun run does not take 'b.jpg', 'c.jpg' as well; give one folder, and choose files with --include",
            "thumbrun run",
        ),
        (
            ["run", "in", "--include", "a.jpg", "b.jpg"],
            (
                "thumbrun run does not take 'b.jpg' as well; if your shell replaced a pattern, put it in quotes, like "
                "--include '*.jpg'"
            ),
            "thumbrun run",
        ),
        (
            ["plan", "--exclude", "a.jpg", "b.jpg", "in"],
            (
                "thumbrun plan does not take 'in' as well; if your shell replaced a pattern, put it in quotes, like "
                "--exclude '*.jpg'"
            ),
            "thumbrun plan",
        ),
        (
            ["run", "in", "out 2"],
            "thumbrun run does not take 'out 2' as well; did you mean --output 'out 2'?",
            "thumbrun run",
        ),
        (["verify", "a", "b"], "thumbrun verify does not take 'b' as well; give one at a time", "thumbrun verify"),
        (["plan", "in", "--yes"], "thumbrun plan has no flag '--yes'", "thumbrun plan"),
        (["run", "in", "-o"], "thumbrun run has no flag '-o'; did you mean --output?", "thumbrun run"),
        (["run", "in", "-v"], "thumbrun run has no flag '-v'; did you mean thumbrun --version?", "thumbrun run"),
        (["version"], "there is no command 'version'; did you mean thumbrun --version?", "thumbrun"),
        (["run", "in", "--size"], "--size needs a value", "thumbrun run"),
        (["run", "in", "--strict=yes"], "--strict takes no value", "thumbrun run"),
        (["retry"], "RUN is missing", "thumbrun retry"),
    ],
)
def test_a_slip_is_answered_with_what_is_meant(
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
    problem: str,
    hint: str,
) -> None:
    """A wrong command or flag is one sentence, which names what comes close, and the help of that very command."""
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path)
    shows = "the commands" if hint == "thumbrun" and "--vers" not in arguments[0] else "what it takes"
    assert [f"  - {problem}", f"{hint} --help shows {shows}"] == refused(capsys, *arguments)


@pytest.mark.parametrize(
    ("first", "said"),
    [("vrify", "there is no command 'vrify'; did you mean 'verify'?"), ("nowhere", "SOURCE / INPUT_FOLDER is '")],
)
def test_a_slip_in_the_containers_arguments(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, first: str, said: str
) -> None:
    """The container's first argument is a command, what comes close to one, or a source."""
    monkeypatch.chdir(tmp_path)
    assert 2 == cli.entry([first])
    assert f"  - {said}" in capsys.readouterr().err


def test_several_slips_are_told_at_once(capsys: pytest.CaptureFixture[str]) -> None:
    """Each unknown flag has its own line, once."""
    lines = refused(capsys, "run", "in", "--siz", "5", "--tsks", "2", "--siz", "6")
    assert ["'--siz'; did you mean --size?", "'--tsks'; did you mean --tasks?"] == [
        line.partition("no flag ")[2] for line in lines[:2]
    ]


def test_a_wrong_reason(capsys: pytest.CaptureFixture[str]) -> None:
    """A reason that thumbrun does not know is told with all reasons and the one that comes close."""
    (line,) = refused(capsys, "retry", "gs://b-1/r", "--reason", "timout")
    assert line.startswith("  - --reason is 'timout'; it must be one of crashed, ")
    assert line.endswith("; did you mean 'timeout'?")


@pytest.mark.parametrize("given", [["run", ""], ["run"], ["plan", ""]])
def test_an_empty_source_is_no_source(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, given: list[str]
) -> None:
    """An empty argument and an empty variable are told in the same words, and an empty argument counts more."""
    monkeypatch.setenv("INPUT_FOLDER", "gs://other-bucket/in" if "" in given else "")
    (line,) = refused(capsys, *given)
    assert line.startswith("  - SOURCE / INPUT_FOLDER is not set; it must be gs://bucket/path")


def helped(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """Return the help of a command."""
    with pytest.raises(SystemExit) as ended:
        cli.main([*arguments, "--help"])
    assert not ended.value.code
    return capsys.readouterr().out


@pytest.mark.parametrize("columns", [60, 120])
@pytest.mark.parametrize("command", COMMANDS)
def test_a_help_fits_and_breaks_no_word(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, command: str, columns: int
) -> None:
    """At 60 and 120 columns no line but an example is too long, and every word of the help is whole."""
    monkeypatch.setenv("COLUMNS", "1000")
    words = set(helped(capsys, command).split())
    monkeypatch.setenv("COLUMNS", str(columns))
    text = helped(capsys, command)
    assert words == set(text.split())
    assert [] == [line for line in text.splitlines() if len(line) > columns and not line.startswith("  thumbrun ")]


@pytest.mark.parametrize("command", COMMANDS)
def test_a_help_has_examples_first(capsys: pytest.CaptureFixture[str], command: str) -> None:
    """The help of a command shows what it is for, examples, the usage, and then the flags."""
    text = helped(capsys, command)
    places = [text.index(part) for part in ("\n\nExamples:\n  thumbrun ", f"\n\nUsage: thumbrun {command} ", "--")]
    assert sorted(places[:2]) == places[:2]
    assert text.index("\n  -h, --help") > places[1]


def test_the_flags_are_in_groups(capsys: pytest.CaptureFixture[str]) -> None:
    """The flags of a run are in groups, those for experts last, and every setting is in one of them."""
    text = helped(capsys, "run")
    places = [text.index(f"\n{title}:\n") for title in GROUPS]
    assert sorted(places) == places
    assert {setting.group for setting in DECLARED} == set(GROUPS)


@pytest.mark.parametrize("arguments", [["help"], ["help", "nothing"], ["help", "run"]])
def test_help_is_a_command_too(capsys: pytest.CaptureFixture[str], arguments: list[str]) -> None:
    """`thumbrun help` shows the help, and `thumbrun help run` that of a command."""
    assert 0 == cli.main(arguments)
    assert f"\n\nUsage: thumbrun {'run' if 'run' in arguments else 'COMMAND'} " in capsys.readouterr().out


def test_no_command_shows_the_commands(capsys: pytest.CaptureFixture[str]) -> None:
    """`thumbrun` alone shows its help, with all commands, and is no error."""
    assert 0 == cli.main([])
    text = capsys.readouterr().out
    assert all(f"\n  {command} " in text for command in COMMANDS)
