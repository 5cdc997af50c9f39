"""A store that speaks S3, in this process, on loopback; needs moto's server and s3fs."""

import os

import pytest

CREDENTIALS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": "us-east-1"}


@pytest.fixture(scope="module")
def bucket():
    """Address of an empty bucket."""
    if not os.environ.get("NEGVIZ_REQUIRE_S3"):
        pytest.importorskip("s3fs", reason="s3fs is not installed")
        pytest.importorskip("moto.server", reason="moto's server is not installed")
    import fsspec
    import s3fs
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {**CREDENTIALS, "AWS_ENDPOINT_URL": f"http://{host}:{port}"}.items():
            patch.setenv(name, value)
        s3fs.S3FileSystem.clear_instance_cache()
        fsspec.filesystem("s3").mkdir("negatives")
        yield "s3://negatives"
        s3fs.S3FileSystem.clear_instance_cache()
    server.stop()
