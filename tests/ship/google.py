"""A stand-in for the Google APIs that gcloud asks: it keeps what a project holds, and records all requests.

It answers the happy way only. What Google refuses, it does not know: a missing permission, a quota, a name that is
taken.
"""

import io
import json
import re
import tarfile
import zipfile
from collections.abc import Callable
from urllib.parse import unquote

from tests.ship.proxy import Json, NotFoundError, Request

_TIME = "2026-01-01T00:00:00Z"


class Google:
    """What a project holds, and the requests that asked for it.

    Attributes:
        jobs: The jobs of Cloud Run, by region and name.
        deployed: Every job that was ever created or replaced, in order.
        executions: The executions of jobs, by name.
        repositories: The repositories of Artifact Registry, by their full name.
        accounts: The addresses of service accounts.
        policies: The members of each role, by bucket, as they were set each time.
        bindings: The members of each bucket's roles, by bucket and role.
        uploads: The names of the files in each uploaded source, by bucket and object.
        buckets: Buckets that gcloud created.
        builds: The builds of Cloud Build, by id.
        requests: All requests, in the order in which they came.
        refused: Hosts that something tried to reach.
    """

    def __init__(self) -> None:
        self.jobs: dict[tuple[str, str], Json] = {}
        self.deployed: list[Json] = []
        self.executions: dict[str, Json] = {}
        self.repositories: dict[str, Json] = {}
        self.accounts: set[str] = set()
        self.policies: dict[str, list[dict[str, set[str]]]] = {}
        self.bindings: dict[tuple[str, str], set[str]] = {}
        self.uploads: dict[str, set[str]] = {}
        self.buckets: set[str] = set()
        self.builds: dict[str, Json] = {}
        self.requests: list[Request] = []
        self.refused: list[str] = []

    def has_job(self, project: str, region: str, name: str) -> None:
        """Let the project have a job from before."""
        task = {"spec": {"containers": [{"image": "an-image"}]}}
        body = {"apiVersion": "run.googleapis.com/v1", "kind": "Job", "metadata": {"name": name, "namespace": project}}
        body["spec"] = {"template": {"metadata": {}, "spec": {"taskCount": 1, "template": task}}}
        self.jobs[region, name] = _of_a_job(body)

    def leftovers(self) -> list[str]:
        """Return the names of what the project still holds, apart from records of what was done."""
        return [
            *(name for _, name in self.jobs),
            *self.repositories,
            *self.accounts,
            *(f"{role} on {bucket}" for bucket, role in self.bindings),
            *self.buckets,
            *self.uploads,
        ]

    def answer(self, request: Request) -> Json:
        """Do what a request asks, and return the answer; raise NotFoundError if what it names is not there."""
        self.requests.append(request)
        for method, host, path, does in _ROUTES:
            found = re.fullmatch(path, request.path)
            if request.method == method and re.fullmatch(host, request.host) and found:
                return does(self, request, found.groupdict())
        raise NotFoundError(f"{request.method} {request.host}{request.path}")


def _enabled(_: Google, request: Request, __: dict[str, str]) -> Json:
    return {"name": request.path.removeprefix("/v1/"), "state": "ENABLED"}


def _done(_: Google, __: Request, ___: dict[str, str]) -> Json:
    return {"name": "operations/noop.DONE_OPERATION", "done": True, "response": {}}


def _create_account(google: Google, request: Request, at: dict[str, str]) -> Json:
    email = f"{request.body['accountId']}@{at['project']}.iam.gserviceaccount.com"
    google.accounts.add(email)
    return {"name": f"projects/{at['project']}/serviceAccounts/{email}", "email": email}


def _delete_account(google: Google, _: Request, at: dict[str, str]) -> Json:
    member = (
        f"serviceAccount:{at['email']}"  # the real service deletes it, and then knows the member as `deleted:` only
    )
    _must(at["email"] in google.accounts and not any(member in members for members in google.bindings.values()))
    google.accounts.remove(at["email"])
    return {}


def _policy(google: Google, _: Request, at: dict[str, str]) -> Json:
    bindings = [
        {"role": role, "members": sorted(members)}
        for (bucket, role), members in google.bindings.items()
        if bucket == at["bucket"]
    ]
    return {"version": 1, "etag": "CAE=", "bindings": bindings}


def _set_policy(google: Google, request: Request, at: dict[str, str]) -> Json:
    kept = {key: members for key, members in google.bindings.items() if key[0] != at["bucket"]}
    new = {(at["bucket"], one["role"]): set(one["members"]) for one in request.body.get("bindings", [])}
    google.policies.setdefault(at["bucket"], []).append({role: members for (_, role), members in new.items()})
    google.bindings = kept | {key: members for key, members in new.items() if members}
    return _policy(google, request, at)


def _create_repository(google: Google, request: Request, at: dict[str, str]) -> Json:
    name = f"{at['parent']}/repositories/{request.query['repositoryId']}"
    google.repositories[name] = {"name": name, "format": request.body["format"]}
    return _operation(at["parent"], google.repositories[name])


def _repository(google: Google, _: Request, at: dict[str, str]) -> Json:
    _must(at["name"] in google.repositories)
    return google.repositories[at["name"]]


def _delete_repository(google: Google, _: Request, at: dict[str, str]) -> Json:
    _must(at["name"] in google.repositories)
    del google.repositories[at["name"]]
    return _operation(at["parent"], {})


def _operation(parent: str, response: Json) -> Json:
    return {"name": f"{parent}/operations/one", "done": True, "response": response}


def _operated(google: Google, request: Request, _: dict[str, str]) -> Json:
    made = next(reversed(google.repositories.values()), {})
    return {"name": request.path.removeprefix("/v1/"), "done": True, "response": made}


def _region(request: Request) -> str:
    return request.host.removesuffix("-run.googleapis.com")


def _job(google: Google, request: Request, at: dict[str, str]) -> Json:
    _must((_region(request), at["name"]) in google.jobs)
    return google.jobs[_region(request), at["name"]]


def _put_job(google: Google, request: Request, _: dict[str, str]) -> Json:
    job = _of_a_job(request.body)
    google.jobs[_region(request), job["metadata"]["name"]] = job
    google.deployed.append(request.body)
    return job


def _of_a_job(body: Json) -> Json:
    """Return a job as the API shows it: ready, with what the API adds."""
    metadata = {"generation": 1, "creationTimestamp": _TIME, "uid": "1", "resourceVersion": "1"}
    ready = {"observedGeneration": 1, "conditions": [{"type": "Ready", "status": "True"}]}
    return body | {"metadata": body["metadata"] | metadata, "status": ready}


def _delete_job(google: Google, request: Request, at: dict[str, str]) -> Json:
    del google.jobs[_region(request), _job(google, request, at)["metadata"]["name"]]
    return {"status": "Success"}


def _run_job(google: Google, request: Request, at: dict[str, str]) -> Json:
    job = _job(google, request, at)
    spec = job["spec"]["template"]["spec"]
    name = f"{at['name']}-abcde"
    google.executions[name] = {
        "apiVersion": "run.googleapis.com/v1",
        "kind": "Execution",
        "metadata": {"name": name, "namespace": job["metadata"]["namespace"], "generation": 1, "uid": "2"}
        | {"creationTimestamp": _TIME, "labels": {"run.googleapis.com/job": at["name"]}},
        "spec": spec,
        "status": {"observedGeneration": 1, "succeededCount": spec.get("taskCount", 1), "completionTime": _TIME}
        | {"conditions": [{"type": kind, "status": "True"} for kind in ("Completed", "ResourcesAvailable", "Started")]},
    }
    return google.executions[name]


def _execution(google: Google, _: Request, at: dict[str, str]) -> Json:
    _must(at["name"] in google.executions)
    return google.executions[at["name"]]


def _executions(google: Google, _: Request, __: dict[str, str]) -> Json:
    return {"items": list(google.executions.values()), "metadata": {}}


def _listed_quotas(_: Google, __: Request, at: dict[str, str]) -> Json:
    return {"quotaInfos": [{"name": f"{at['parent']}/quotaInfos/one", "quotaId": "one"}]}


def _prefer(_: Google, request: Request, __: dict[str, str]) -> Json:
    return request.body | {"reconciling": True}


def _log(_: Google, __: Request, ___: dict[str, str]) -> Json:
    entry = {"logName": "projects/p/logs/run.googleapis.com%2Fstdout", "insertId": "1", "timestamp": _TIME}
    return {"entries": [entry | {"severity": "NOTICE", "jsonPayload": {"event": "run-done", "message": "it is done"}}]}


def _bucket(google: Google, _: Request, at: dict[str, str]) -> Json:
    _must(at["bucket"] in google.buckets)
    return {"name": at["bucket"]}


def _create_bucket(google: Google, request: Request, _: dict[str, str]) -> Json:
    google.buckets.add(request.body["name"])
    return {"name": request.body["name"]}


def _update_bucket(google: Google, request: Request, at: dict[str, str]) -> Json:
    return _bucket(google, request, at) | request.body


def _delete_bucket(google: Google, request: Request, at: dict[str, str]) -> Json:
    google.buckets.remove(_bucket(google, request, at)["name"])
    return {}


def _no_folders(_: Google, __: Request, ___: dict[str, str]) -> Json:
    return {"items": []}


def _listed_buckets(google: Google, _: Request, __: dict[str, str]) -> Json:
    return {"items": [{"name": name} for name in sorted(google.buckets)]}


def _upload(google: Google, request: Request, at: dict[str, str]) -> Json:
    boundary = request.raw.partition(b"\n")[0].strip()
    metadata, data = (part.partition(b"\n\n")[2] for part in _parts(request.raw, boundary))
    name = request.query.get("name") or json.loads(metadata)["name"]
    google.uploads[f"{at['bucket']}/{name}"] = _files(data)
    return {"bucket": at["bucket"], "name": name, "generation": "1", "size": str(len(data))}


def _parts(body: bytes, boundary: bytes) -> list[bytes]:
    """Return the parts of a multipart body; the headers of each end with two plain newlines."""
    parts = body.split(boundary)[1:-1]
    return [part.replace(b"\r\n\r\n", b"\n\n", 1).removesuffix(b"\n").removesuffix(b"\r") for part in parts]


def _files(archive: bytes) -> set[str]:
    if zipfile.is_zipfile(io.BytesIO(archive)):
        return set(zipfile.ZipFile(io.BytesIO(archive)).namelist())
    return {member.name.removeprefix("./") for member in tarfile.open(fileobj=io.BytesIO(archive)) if member.isfile()}


def _objects(google: Google, _: Request, at: dict[str, str]) -> Json:
    _must(at["bucket"] in google.buckets)
    names = [name.partition("/")[2] for name in sorted(google.uploads) if name.startswith(f"{at['bucket']}/")]
    return {"items": [{"name": name, "bucket": at["bucket"], "generation": "1", "size": "1"} for name in names]}


def _delete_object(google: Google, _: Request, at: dict[str, str]) -> Json:
    del google.uploads[f"{at['bucket']}/{unquote(at['object'])}"]
    return {}


def _build(google: Google, request: Request, at: dict[str, str]) -> Json:
    where = f"projects/{at['project']}/locations/{at.get('region') or 'global'}"
    images = [{"name": image, "digest": f"sha256:{'0' * 64}"} for image in request.body.get("images", ["image"])]
    build = request.body | {
        "id": "1",
        "name": f"{where}/builds/1",
        "projectId": at["project"],
        "status": "SUCCESS",
        "createTime": _TIME,
        "logUrl": "http://logs.example",
        "results": {"images": images},
    }
    google.builds["1"] = build
    return _operation(where, build) | {"metadata": {"@type": "BuildOperationMetadata", "build": build}}


def _submit(google: Google, request: Request, at: dict[str, str]) -> Json:
    return {"buildOperation": _build(google, request, at), "baseImageUri": ""}


def _finished(google: Google, request: Request, at: dict[str, str]) -> Json:
    return {"name": request.path.removeprefix("/v1/"), "done": True, "response": google.builds["1"], "metadata": {}}


def _built(google: Google, _: Request, __: dict[str, str]) -> Json:
    return google.builds["1"]


def _must(there: bool) -> None:
    if not there:
        raise NotFoundError


_RUN = r"[a-z0-9-]+-run\.googleapis\.com"
_JOBS = r"/apis/run\.googleapis\.com/v1/namespaces/[^/]+/jobs"
_STORAGE = r"storage\.googleapis\.com"
_ARTIFACTS = r"artifactregistry\.googleapis\.com"
_REPOSITORIES = r"/v1/(?P<name>(?P<parent>projects/[^/]+/locations/[^/]+)/repositories/[^/]+)"
_QUOTAS = r"cloudquotas\.googleapis\.com"
_BUILDS = r"cloudbuild\.googleapis\.com"
_ROUTES: list[tuple[str, str, str, Callable[[Google, Request, dict[str, str]], Json]]] = [
    ("GET", r"serviceusage\.googleapis\.com", r"/v1/projects/[^/]+/services/[^/]+", _enabled),
    ("POST", r"serviceusage\.googleapis\.com", r"/v1/projects/[^/]+/services(:batchEnable|/[^/]+:enable)", _done),
    ("POST", r"iam\.googleapis\.com", r"/v1/projects/(?P<project>[^/]+)/serviceAccounts", _create_account),
    ("DELETE", r"iam\.googleapis\.com", r"/v1/projects/[^/]+/serviceAccounts/(?P<email>[^/]+)", _delete_account),
    ("GET", _STORAGE, r"/storage/v1/b/(?P<bucket>[^/]+)/iam", _policy),
    ("PUT", _STORAGE, r"/storage/v1/b/(?P<bucket>[^/]+)/iam", _set_policy),
    ("GET", _STORAGE, r"/storage/v1/b", _listed_buckets),
    ("POST", _STORAGE, r"/storage/v1/b", _create_bucket),
    ("GET", _STORAGE, r"/storage/v1/b/(?P<bucket>[^/]+)(/storageLayout)?", _bucket),
    ("GET", _STORAGE, r"/storage/v1/b/(?P<bucket>[^/]+)/(managedFolders|folders)", _no_folders),
    ("PATCH", _STORAGE, r"/storage/v1/b/(?P<bucket>[^/]+)", _update_bucket),
    ("DELETE", _STORAGE, r"/storage/v1/b/(?P<bucket>[^/]+)", _delete_bucket),
    ("GET", _STORAGE, r"/storage/v1/b/(?P<bucket>[^/]+)/o", _objects),
    ("DELETE", _STORAGE, r"/storage/v1/b/(?P<bucket>[^/]+)/o/(?P<object>.+)", _delete_object),
    ("POST", _STORAGE, r"/(resumable/)?upload/storage/v1/b/(?P<bucket>[^/]+)/o", _upload),
    ("POST", _ARTIFACTS, r"/v1/(?P<parent>projects/[^/]+/locations/[^/]+)/repositories", _create_repository),
    ("GET", _ARTIFACTS, _REPOSITORIES, _repository),
    ("DELETE", _ARTIFACTS, _REPOSITORIES, _delete_repository),
    ("GET", _ARTIFACTS, r"/v1/projects/[^/]+/locations/[^/]+/operations/one", _operated),
    ("GET", _RUN, _JOBS + r"/(?P<name>[^/:]+)", _job),
    ("POST", _RUN, _JOBS, _put_job),
    ("PUT", _RUN, _JOBS + r"/(?P<name>[^/:]+)", _put_job),
    ("DELETE", _RUN, _JOBS + r"/(?P<name>[^/:]+)", _delete_job),
    ("POST", _RUN, _JOBS + r"/(?P<name>[^/:]+):run", _run_job),
    ("GET", _RUN, r"/apis/run\.googleapis\.com/v1/namespaces/[^/]+/executions/(?P<name>[^/]+)", _execution),
    ("GET", _RUN, r"/apis/run\.googleapis\.com/v1/namespaces/[^/]+/executions", _executions),
    ("GET", _QUOTAS, r"/v1beta/(?P<parent>projects/[^/]+/locations/global/services/[^/]+)/quotaInfos", _listed_quotas),
    ("POST", _QUOTAS, r"/v1beta/projects/[^/]+/locations/global/quotaPreferences", _prefer),
    ("POST", _RUN, r"/v2/projects/(?P<project>[^/]+)/locations/(?P<region>[^/]+)/builds:submit", _submit),
    ("POST", _BUILDS, r"/v1/projects/(?P<project>[^/]+)(/locations/(?P<region>[^/]+))?/builds", _build),
    ("GET", _BUILDS, r"/v1/.*/operations/.*", _finished),
    ("GET", _BUILDS, r"/v1/projects/[^/]+(/locations/[^/]+)?/builds/1", _built),
    ("POST", r"logging\.googleapis\.com", r"/v2/entries:list", _log),
    ("POST", r"logging\.googleapis\.com", r"/v2/projects/[^/]+/metrics", lambda _, request, __: request.body),
    ("DELETE", r"logging\.googleapis\.com", r"/v2/projects/[^/]+/metrics/[^/]+", lambda *_: {}),
]
