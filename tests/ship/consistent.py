"""What must be true of a project when a job runs: its image, its account, and the account's roles on its buckets."""

from tests.ship.google import Google
from tests.ship.proxy import Json

VIEWER, CREATOR = "roles/storage.objectViewer", "roles/storage.objectCreator"


def check_deployed(google: Google, job: Json) -> None:
    """Check that a job's image has its repository, in the job's project and region."""
    container, _ = _parts(job)
    host, project, repository, _ = container["image"].split("/")
    region = host.removesuffix("-docker.pkg.dev")
    assert f"projects/{project}/locations/{region}/repositories/{repository}" in google.repositories
    assert job["metadata"]["namespace"] == project
    assert (region, job["metadata"]["name"]) in google.jobs


def check_runs(google: Google, job: Json) -> None:
    """Check that a job runs as an account of its own, with the least roles on the buckets that it uses."""
    container, account = _parts(job)
    env = {one["name"]: one["value"] for one in container["env"]}
    source = env["INPUT_FOLDER"].removeprefix("gs://").partition("/")[0]
    output = env.get("OUTPUT_BUCKET", source)
    held = {key for key, members in google.bindings.items() if f"serviceAccount:{account}" in members}
    assert account in google.accounts, f"the job runs as {account or 'the default account'}, which no command has made"
    assert {(source, VIEWER), (output, VIEWER), (output, CREATOR)} <= held
    assert {VIEWER, CREATOR} == {role for _, role in held}


def _parts(job: Json) -> tuple[Json, str]:
    task = job["spec"]["template"]["spec"]["template"]["spec"]
    (container,) = task["containers"]
    return container, task.get("serviceAccountName", "")
