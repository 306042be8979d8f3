"""A folder is a path or a URL, and a URL holds no password and leads nowhere else."""

from pathlib import Path

import pytest

from zwu_ts_assets.errors import CorpusError
from zwu_ts_assets.orchestration.layout import dataset_store
from zwu_ts_assets.storage.places import Remote, StoreError, place_of, printed_place


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("/a/b", Path("/a/b")),
        ("file:///a/b%20c", Path("/a/b c")),
        ("file://localhost/a", Path("/a")),
        ("s3://bucket", Remote("s3", "bucket")),
        ("S3://bucket/some/prefix/", Remote("s3", "bucket/some/prefix")),
        ("memory://a.b/c_d-e=f", Remote("memory", "a.b/c_d-e=f")),
    ],
)
def test_a_folder_is_a_path_or_a_url(text: str, place: Path | Remote) -> None:
    assert place_of(text) == place


def test_a_place_comes_back_from_what_it_prints(tmp_path: Path) -> None:
    for place in (tmp_path, Path("relative/../x"), Remote("s3", "bucket/prefix")):
        assert printed_place(str(place)) == place


def test_a_remote_place_prints_as_a_url_and_has_names_below_it() -> None:
    place = place_of("s3://bucket/prefix")
    assert str(place / "a.txt") == "s3://bucket/prefix/a.txt"
    assert str(place.joinpath("a", "b")) == "s3://bucket/prefix/a/b"
    assert place.joinpath() == place


@pytest.mark.parametrize(
    "text",
    [
        *("s3://", "s3:///x", "s3://b/../x", "s3://b/./x", "s3://b//x", "s3://b/.x", "s3://b/a\0"),
        *("s3://b/x?versionId=1", "s3://b/x#y", "s3://b/a*", "s3://b/\n", "s3://[/x", "file://h/x"),
        *("s3://bü/x", "s3://b/%2e%2e/x"),
    ],
)
def test_a_url_that_is_no_bucket_and_prefix_is_refused(text: str) -> None:
    with pytest.raises(CorpusError, match=r"^ZWU_TS_DATA_DIR is "):
        place_of(text, "ZWU_TS_DATA_DIR")


@pytest.mark.parametrize("user", ["key:geheim@", "geheim@", ":gehe/geheim@", "x:geheim/"])
def test_a_url_with_a_password_is_refused_without_showing_it(user: str) -> None:
    with pytest.raises(CorpusError, match=r"AWS_ACCESS_KEY_ID|into the environment") as caught:
        place_of(f"s3://{user}bucket/x", "ZWU_TS_ARTIFACTS_DIR")
    assert "geheim" not in str(caught.value)


@pytest.mark.parametrize("url", ["sftp://host/x", "http://host/x", "nonsense://host/x"])
def test_artifacts_are_kept_only_where_an_object_appears_whole(url: str) -> None:
    with pytest.raises(StoreError, match="seen half written"):
        dataset_store(place_of(url), ())


@pytest.mark.parametrize(
    "rest", ["b/p?sv=2024&sig=secret-7", "b#secret-7", "b;secret-7", "b:secret-7"]
)
def test_what_may_be_a_signature_behind_a_url_is_not_repeated(rest: str) -> None:
    with pytest.raises(CorpusError, match="expected a bucket and a prefix") as refused:
        place_of(f"az://{rest}", "ZWU_TS_ARTIFACTS_DIR")
    assert "secret-7" not in str(refused.value)
