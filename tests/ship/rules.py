"""What must arrive at Google's APIs: one rule for each gcloud command, and one reading for each of its flags."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from tests.ship.commands import ROOT
from tests.ship.google import Google
from tests.ship.proxy import Json, Request
from thumbrun.logs import events

DEFAULT_PROJECT = "default-project"  # of the gcloud configuration, for commands that name none


@dataclass(frozen=True)
class Asked:
    """A command's words, sorted.

    Attributes:
        verb: The words that name what the command does.
        arguments: The words after it that belong to no flag.
        flags: The flags and their values.
    """

    verb: str
    arguments: tuple[str, ...]
    flags: dict[str, str]

    def names(self) -> dict[str, str]:
        """Return what the address of a request is made of."""
        return {
            "project": self.flags.get("--project", DEFAULT_PROJECT),
            "region": self.flags.get("--region") or self.flags.get("--location", ""),
            "name": self.arguments[0].removeprefix("gs://") if self.arguments else "",
        }


@dataclass(frozen=True)
class Seen:
    """What a command has done.

    Attributes:
        asked: The command's words.
        request: The request that did it; of a command that sends none, one that is empty.
        requests: All requests of the command.
        google: What the project holds now.
        folder: The folder with the configurations of gcloud and Docker.
    """

    asked: Asked
    request: Request
    requests: list[Request]
    google: Google
    folder: Path


Reading = Callable[[Request, Asked], object]


@dataclass(frozen=True)
class Rule:
    """What must arrive for a command.

    Attributes:
        request: Method, host and path of the request that does it, with the names of the project, region and resource;
            None if the command sends none.
        flags: For each flag what arrived, as the flag would have it.
        then: Checks what else has to be true.
    """

    request: tuple[str, str, str] | None
    flags: dict[str, Reading] = field(default_factory=dict)
    then: Callable[[Seen], None] = lambda _: None


def _spec(body: Json) -> Json:
    spec: Json = body["spec"]["template"]["spec"]
    return spec


def _task(body: Json) -> Json:
    task: Json = _spec(body)["template"]["spec"]
    return task


def _container(body: Json) -> Json:
    (container,) = _task(body)["containers"]
    assert isinstance(container, dict)
    return container


def _joined(pairs: dict[str, str]) -> str:
    return ",".join(f"{name}={value}" for name, value in pairs.items())


def _pairs(env: list[Json]) -> str:
    return ",".join(f"{one['name']}={one['value']}" for one in env)


def _duration(read: Callable[[Request], object]) -> Reading:
    units = {"s": 1, "m": 60, "h": 3600}

    def reading(request: Request, asked: Asked) -> object:
        written = asked.flags["--task-timeout"]
        return written if units[written[-1]] * int(written[:-1]) == int(str(read(request))) else read(request)

    return reading


def _executions(seen: Seen) -> int:
    run = re.compile(rf"/apis/run\.googleapis\.com/v1/namespaces/[^/]+/jobs/{re.escape(seen.asked.arguments[0])}:run")
    return len([one for one in seen.requests if one.method == "POST" and run.fullmatch(one.path)])


def _waited(seen: Seen) -> bool:
    return any(one.method == "GET" and "/executions/" in one.path for one in seen.requests)


def _deployed(seen: Seen) -> None:
    """Check that the job ran if it should, and that the upload holds what the Dockerfile copies."""
    assert ("--execute-now" in seen.asked.flags) == _executions(seen)
    assert ("--wait" in seen.asked.flags) == _waited(seen)
    if "--source" in seen.asked.flags:
        submitted = next(one.body for one in seen.requests if one.path.endswith("/builds:submit"))
        names = seen.asked.names()
        repository = f"{names['region']}-docker.pkg.dev/{names['project']}/cloud-run-source-deploy"
        assert f"{repository}/{names['name']}" == submitted["imageUri"].partition(":")[0]
        assert "dockerBuild" in submitted
        _holds_the_sources(_uploaded(seen, submitted["storageSource"]))
        assert _container(seen.request.body)["image"].startswith(f"{repository}/{names['name']}@sha256:")


def _built(seen: Seen) -> None:
    """Check that Cloud Build gets the steps of the configuration, and the sources that the Dockerfile copies."""
    build = seen.request.body
    _holds_the_sources(_uploaded(seen, build["source"]["storageSource"]))
    (step,) = build["steps"]
    assert ["build", "--tag", "${_ADDRESS}", "."] == step["args"]
    assert ["${_ADDRESS}"] == build["images"]


def _uploaded(seen: Seen, at: Json) -> set[str]:
    return seen.google.uploads[f"{at['bucket']}/{at['object']}"]


def _holds_the_sources(files: set[str]) -> None:
    """Check that an upload holds whatever the Dockerfile copies, and neither the repository nor the environment."""
    copied = re.findall(r"^COPY (?!.*--from)(?:--\S+ )*(.+) \S+$", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    for source in " ".join(copied).split():
        assert any(name == source or name.startswith(f"{source.rstrip('/')}/") for name in files), source
    assert "Dockerfile" in files
    assert [] == [name for name in files if name.startswith((".git/", ".venv/"))]


def _executed(seen: Seen) -> None:
    """Check that there is one execution, with overrides only if the command has some."""
    assert 1 == _executions(seen)
    assert _waited(seen) or "--wait" not in seen.asked.flags  # without it, gcloud waits for the start only
    overrides = {"--tasks", "--task-timeout", "--update-env-vars", "--args"} & seen.asked.flags.keys()
    assert bool(overrides) == ("overrides" in seen.request.body)


def _overridden(run: Request) -> Json:
    (container,) = run.body["overrides"]["containerOverrides"]
    assert isinstance(container, dict)
    return container


def _same_job(seen: Seen) -> None:
    """Check that the file is the very job that was deployed before, apart from what gcloud adds to either."""
    *_, before, after = seen.google.deployed
    assert _essence(before) == _essence(after)


def _essence(job: Json) -> Json:
    spec, task = _spec(job), _task(job)
    return {
        "tasks": spec["taskCount"],
        "parallelism": spec.get("parallelism"),
        "account": task["serviceAccountName"],
        "retries": task["maxRetries"],
        "timeout": int(task["timeoutSeconds"]),
        "limits": _container(job)["resources"]["limits"],
    } | {name: _container(job).get(name) for name in ("image", "env", "args", "command")}


def _members(policy: Request, role: str) -> list[str]:
    return [member for one in policy.body.get("bindings", []) if one["role"] == role for member in one["members"]]


def _bound(policy: Request, asked: Asked) -> object:
    return next((one for one in _members(policy, asked.flags["--role"]) if one == asked.flags["--member"]), None)


def _unbound(seen: Seen) -> None:
    flags = seen.asked.flags
    assert flags["--member"] not in _members(seen.request, flags["--role"])
    bucket = seen.asked.names()["name"]
    before = next(one for one in reversed(seen.google.policies[bucket][:-1]))
    assert flags["--member"] in before[flags["--role"]]


def _written(flag: str) -> Reading:
    """Return a reading that takes a flag as it is written, because `then` checks it, or because it is gcloud's own."""
    return lambda _, asked: asked.flags[flag]


def _enabled(seen: Seen) -> None:
    assert sorted(seen.asked.arguments) == sorted(seen.request.body["serviceIds"])


def _account_made(seen: Seen) -> None:
    assert seen.asked.arguments[0] == seen.request.body["accountId"]


def _repository_made(seen: Seen) -> None:
    assert seen.asked.arguments[0] == seen.request.query["repositoryId"]


def _buckets_gone(seen: Seen) -> None:
    for bucket in seen.asked.arguments:
        assert any(f"/storage/v1/b/{bucket.removeprefix('gs://')}" == one.path for one in seen.requests), bucket
        assert bucket.removeprefix("gs://") not in seen.google.buckets


def _read(seen: Seen) -> None:
    """Check that the filter arrives, and that each event in it is one that thumbrun has."""
    asked = seen.request.body["filter"]
    assert seen.asked.arguments[0] in asked
    named = re.findall(r"jsonPayload\.event=\(?([a-z -]+(?: OR [a-z-]+)*)", asked)
    for event in " OR ".join(named).split(" OR ") if named else ():
        assert re.search(rf"\b{re.escape(event.strip())}\b", events.__doc__ or ""), event


def _metric_made(seen: Seen) -> None:
    """Check that the metric counts events that thumbrun has, and that its labels are of few values."""
    made = seen.request.body
    assert seen.asked.arguments[0] == made["name"]
    named = re.findall(r'"([a-z-]+)"', made["filter"].partition("jsonPayload.event=")[2])
    assert named
    for event in named:
        assert re.search(rf"\b{event}\b", events.__doc__ or ""), event
    assert {"EXTRACT(jsonPayload.event)", "EXTRACT(jsonPayload.reason)"} == set(made["labelExtractors"].values())
    assert made["labelExtractors"].keys() == {label["key"] for label in made["metricDescriptor"]["labels"]}


def _docker_knows(seen: Seen) -> None:
    configured = json.loads((seen.folder / "docker/config.json").read_text())
    assert dict.fromkeys(seen.asked.arguments, "gcloud") == configured["credHelpers"]


_RUN, _STORAGE = r"{region}-run\.googleapis\.com", r"storage\.googleapis\.com"
_JOBS = r"/apis/run\.googleapis\.com/v1/namespaces/{project}/jobs"
_POLICY = r"/storage/v1/b/{name}/iam"
_ARTIFACTS = r"artifactregistry\.googleapis\.com"
_REPOSITORIES = r"/v1/projects/{project}/locations/{region}/repositories"
_QUOTAS = r"cloudquotas\.googleapis\.com"
_SERVICES, _IAM = r"serviceusage\.googleapis\.com", r"iam\.googleapis\.com"
_JOB_FLAGS: dict[str, Reading] = {
    "--image": lambda job, _: _container(job.body)["image"],
    "--source": _written("--source"),
    "--tasks": lambda job, _: str(_spec(job.body)["taskCount"]),
    "--parallelism": lambda job, _: str(_spec(job.body)["parallelism"]),
    "--max-retries": lambda job, _: str(_task(job.body)["maxRetries"]),
    "--task-timeout": _duration(lambda job: _task(job.body)["timeoutSeconds"]),
    "--service-account": lambda job, _: _task(job.body)["serviceAccountName"],
    "--set-env-vars": lambda job, _: _pairs(_container(job.body)["env"]),
    "--cpu": lambda job, _: _container(job.body)["resources"]["limits"]["cpu"],
    "--memory": lambda job, _: _container(job.body)["resources"]["limits"]["memory"],
}

RULES: dict[str, Rule] = {
    "auth configure-docker": Rule(None, then=_docker_knows),
    "services enable": Rule(("POST", _SERVICES, r"/v1/projects/{project}/services:batchEnable"), then=_enabled),
    "iam service-accounts create": Rule(
        ("POST", _IAM, r"/v1/projects/{project}/serviceAccounts"),
        {"--display-name": lambda made, _: made.body["serviceAccount"]["displayName"]},
        _account_made,
    ),
    "iam service-accounts delete": Rule(("DELETE", _IAM, r"/v1/projects/(-|{project})/serviceAccounts/{name}")),
    "storage buckets add-iam-policy-binding": Rule(
        ("PUT", _STORAGE, _POLICY), {"--role": _written("--role"), "--member": _bound}
    ),
    "storage buckets remove-iam-policy-binding": Rule(
        ("PUT", _STORAGE, _POLICY), {"--role": _written("--role"), "--member": _written("--member")}, _unbound
    ),
    "storage rm": Rule(("DELETE", _STORAGE, r"/storage/v1/b/{name}"), then=_buckets_gone),
    "artifacts repositories create": Rule(
        ("POST", _ARTIFACTS, _REPOSITORIES),
        {"--repository-format": lambda made, _: made.body["format"].lower()},
        _repository_made,
    ),
    "artifacts repositories delete": Rule(("DELETE", _ARTIFACTS, _REPOSITORIES + "/{name}")),
    "builds submit": Rule(
        ("POST", r"cloudbuild\.googleapis\.com", r"/v1/projects/{project}/locations/{region}/builds"),
        {
            "--config": _written("--config"),
            "--substitutions": lambda build, _: _joined(build.body["substitutions"]),
        },
        _built,
    ),
    "run jobs deploy": Rule(("POST|PUT", _RUN, _JOBS + "(/{name})?"), _JOB_FLAGS, _deployed),
    "run jobs update": Rule(("PUT", _RUN, _JOBS + "/{name}"), _JOB_FLAGS),
    "run jobs replace": Rule(("POST|PUT", _RUN, _JOBS + "(/[^/]+)?"), then=_same_job),
    "run jobs execute": Rule(
        ("POST", _RUN, _JOBS + "/{name}:run"),
        {
            "--tasks": lambda run, _: str(run.body["overrides"]["taskCount"]),
            "--task-timeout": _duration(lambda run: run.body["overrides"]["timeoutSeconds"]),
            "--update-env-vars": lambda run, _: _pairs(_overridden(run)["env"]),
            "--args": lambda run, _: ",".join(_overridden(run)["args"]),
        },
        _executed,
    ),
    "run jobs executions list": Rule(
        ("GET", _RUN, r"/apis/run\.googleapis\.com/v1/namespaces/{project}/executions"),
        {"--job": lambda listed, _: listed.query["labelSelector"].removeprefix("run.googleapis.com/job = ")},
    ),
    "run jobs executions describe": Rule(
        ("GET", _RUN, r"/apis/run\.googleapis\.com/v1/namespaces/{project}/executions/{name}")
    ),
    "run jobs delete": Rule(("DELETE", _RUN, _JOBS + "/{name}")),
    "logging read": Rule(
        ("POST", r"logging\.googleapis\.com", r"/v2/entries:list"),
        {
            "--limit": lambda read, _: str(read.body["pageSize"]),
            "--freshness": _written("--freshness"),
            "--order": lambda read, _: read.body["orderBy"].removeprefix("timestamp "),
            "--format": _written("--format"),
        },
        _read,
    ),
    "logging metrics create": Rule(
        ("POST", r"logging\.googleapis\.com", r"/v2/projects/{project}/metrics"),
        {"--config-from-file": _written("--config-from-file")},
        _metric_made,
    ),
    "logging metrics delete": Rule(("DELETE", r"logging\.googleapis\.com", r"/v2/projects/{project}/metrics/{name}")),
    "beta quotas info list": Rule(
        ("GET", _QUOTAS, r"/v1beta/projects/{project}/locations/global/services/[^/]+/quotaInfos"),
        {"--service": lambda listed, _: listed.path.split("/")[-2]},
    ),
    "beta quotas preferences create": Rule(
        ("POST", _QUOTAS, r"/v1beta/projects/{project}/locations/global/quotaPreferences"),
        {
            "--service": lambda made, _: made.body["service"],
            "--quota-id": lambda made, _: made.body["quotaId"],
            "--preferred-value": lambda made, _: made.body["quotaConfig"]["preferredValue"],
            "--dimensions": lambda made, _: _joined(made.body["dimensions"]),
            "--preference-id": lambda made, _: made.query["quotaPreferenceId"],
        },
    ),
}
