# One task of the job: `gcloud run jobs deploy --source .` builds this.
FROM python:3.13-slim

WORKDIR /app
ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1

COPY requirements.txt .
RUN pip install --no-cache-dir --requirement requirements.txt

COPY pyproject.toml README.md LICENSE process.py ./
COPY src src
RUN pip install --no-cache-dir --no-deps .

USER nobody
ENTRYPOINT ["python", "process.py"]
