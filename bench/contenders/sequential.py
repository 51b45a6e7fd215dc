"""The sequential design of the first README: every task lists the whole folder and works on its part, image by image.

It runs in its own environment, with google-cloud-storage and Pillow.
"""

import io
import os
from datetime import UTC, datetime
from urllib.parse import urlsplit

from google.cloud import storage
from PIL import Image


def main() -> None:
    """Make a thumbnail of every image in this task's part of the folder."""
    index, count = int(os.environ["CLOUD_RUN_TASK_INDEX"]), int(os.environ["CLOUD_RUN_TASK_COUNT"])
    folder = urlsplit(os.environ["INPUT_FOLDER"])
    minute = datetime.now(UTC).strftime("%Y%m%dT%H%MZ")
    client = storage.Client.create_anonymous_client()
    bucket = client.bucket(folder.netloc)
    blobs = list(client.list_blobs(bucket, prefix=folder.path.strip("/") + "/"))
    for blob in blobs[len(blobs) * index // count : len(blobs) * (index + 1) // count]:
        picture = Image.open(io.BytesIO(blob.download_as_bytes()))
        kind = picture.format
        picture.thumbnail((100, 100))
        made = io.BytesIO()
        picture.save(made, kind)
        name = f"{minute}/{blob.name.rpartition('/')[2]}"
        bucket.blob(name).upload_from_string(made.getvalue(), content_type=blob.content_type)


if __name__ == "__main__":
    main()
