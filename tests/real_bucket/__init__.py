"""Tests against a real bucket of Cloud Storage, which `THUMBRUN_TEST_BUCKET` names; without a name they are skipped."""
