from bridge.conftest import toy_bytes, toy_file  # noqa: F401
