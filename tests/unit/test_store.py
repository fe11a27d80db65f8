import pickle
import resource
import signal
import subprocess
import sys
import textwrap

import pytest

from modelcollapse.errors import StoreError
from modelcollapse.store import Store, write_atomic


@pytest.fixture
def store(tmp_path):
    store = Store(tmp_path / "store")
    store.claim({"seed": 0})
    return store


def test_what_was_saved_comes_back(store):
    store.save("a.piece", {"x": [1, 2]})
    assert store.load("a.piece") == {"x": [1, 2]}
    store.discard("a.piece")
    assert store.load("a.piece") is None


def test_a_damaged_file_is_noticed_before_it_is_opened(store):
    store.save("a.piece", list(range(100)))
    path = store.path / "a.piece"
    content = bytearray(path.read_bytes())
    content[-10] ^= 1
    path.write_bytes(bytes(content))
    with pytest.raises(StoreError, match=r"a\.piece is damaged.*Delete this file"):
        store.load("a.piece")


@pytest.mark.parametrize("content", [b"", b"short", pickle.dumps("no checksum") * 30])
def test_a_truncated_or_foreign_file_is_noticed(store, content):
    (store.path / "a.piece").write_bytes(content)
    with pytest.raises(StoreError, match="is damaged"):
        store.load("a.piece")


def test_another_run_is_refused_and_the_difference_named(store):
    with pytest.raises(StoreError, match="its seed differs"):
        Store(store.path).claim({"seed": 1})


def test_the_same_run_may_come_back(store):
    Store(store.path).claim({"seed": 0})


def test_a_nested_difference_is_named(tmp_path):
    Store(tmp_path / "s").claim({"lineages": {"a": {"size": 1}}})
    with pytest.raises(StoreError, match=r"its lineages\.a\.size differs"):
        Store(tmp_path / "s").claim({"lineages": {"a": {"size": 2}}})


def test_an_unreadable_label_is_refused(store):
    (store.path / "run.json").write_text("{")
    with pytest.raises(StoreError, match="cannot be read"):
        Store(store.path).claim({"seed": 0})


def test_a_store_of_another_format_is_refused(store):
    label = store.path / "run.json"
    label.write_text(label.read_text().replace('"format": 1', '"format": 99'))
    with pytest.raises(StoreError, match="store format 99"):
        Store(store.path).claim({"seed": 0})


def test_a_folder_that_cannot_be_made_is_reported(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="cannot write"):
        Store(tmp_path / "file" / "store").claim({"seed": 0})


def test_a_failed_write_leaves_the_previous_file_and_no_litter(tmp_path):
    # A limit on the size of files stands in for a full disk.
    path = tmp_path / "report.html"
    write_atomic(path, b"old")
    code = textwrap.dedent(
        f"""
        import resource, signal
        from pathlib import Path
        from modelcollapse.errors import StoreError
        from modelcollapse.store import write_atomic
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
        try:
            write_atomic(Path({str(path)!r}), b"x" * 5000)
        except StoreError as error:
            print(error)
        """
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "Nothing that was there is lost" in done.stdout
    assert path.read_bytes() == b"old"
    assert [p.name for p in tmp_path.iterdir()] == ["report.html"]
    assert signal.SIGXFSZ
    assert resource.RLIMIT_FSIZE


def test_a_folder_in_which_nothing_was_saved_is_given_up(tmp_path):
    store = Store(tmp_path / "store")
    store.claim({"seed": 0})
    store.release()
    assert not store.path.exists()
    store.claim({"seed": 1})  # another run may have it
    store.save("a.piece", 1)
    store.release()
    assert store.load("a.piece") == 1
    with pytest.raises(StoreError, match="holds another run"):
        store.claim({"seed": 0})
