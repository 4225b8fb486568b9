"""A take on disk is whole or absent, never overwritten, and the same for the same frames."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from engine.film.decode import read_frames
from engine.film.errors import BadLatents, DiskFull, MissingClip, ReadOnlyFolder, TakeExists
from engine.film.latents import read_latents, write_latents
from engine.film.posters import strip_indices
from engine.film.take_files import write_take
from engine.film.whole_files import disk_errors, sweep_temporary, whole_folder
from tests.engine.film.footage import leftovers, moving_shot, psnr

ROOT = Path(__file__).parents[3]
LATENTS = {"latents": np.random.default_rng(0).normal(size=(16, 3, 8, 12)).astype(np.float32)}
FILES = {"video.mp4", "poster.png", "filmstrip.jpg", "latents.safetensors", "manifest.json"}


def test_a_take_has_its_five_files_and_their_hashes(tmp_path: Path) -> None:
    hashes = write_take(tmp_path / "t1", moving_shot(9), 8.0, LATENTS, {"seed": 7, "text": "naïve fox"})
    assert set(hashes) == FILES == {path.name for path in (tmp_path / "t1").iterdir()}
    for name, digest in hashes.items():
        assert hashlib.sha256((tmp_path / "t1" / name).read_bytes()).hexdigest() == digest
    manifest = json.loads((tmp_path / "t1" / "manifest.json").read_text(encoding="utf-8"))
    assert (manifest["seed"], manifest["text"]) == (7, "naïve fox")
    assert manifest["files"] == {name: hashes[name] for name in FILES - {"manifest.json"}}
    assert len(read_frames(tmp_path / "t1" / "video.mp4")) == 9


def test_the_same_take_has_the_same_bytes(tmp_path: Path) -> None:
    one = write_take(tmp_path / "t1", moving_shot(9), 8.0, LATENTS, {"seed": 7})
    assert one == write_take(tmp_path / "t2", moving_shot(9), 8.0, LATENTS, {"seed": 7})


def test_poster_and_filmstrip_show_the_frames_they_say(tmp_path: Path) -> None:
    frames = moving_shot(13, size=(320, 200))
    write_take(tmp_path / "t1", frames, 8.0, LATENTS, {})
    with Image.open(tmp_path / "t1" / "poster.png") as poster:
        assert np.array_equal(np.asarray(poster), frames[6])
    with Image.open(tmp_path / "t1" / "filmstrip.jpg") as strip:
        assert strip.size == (16 * 160, 100)
        sheet = np.asarray(strip)
    indices = strip_indices(13)
    assert (len(indices), indices[0], indices[-1]) == (16, 0, 12)
    for cell, index in enumerate(indices):
        half = np.asarray(Image.fromarray(frames[index]).resize((160, 100), Image.Resampling.LANCZOS))
        assert psnr(sheet[:, cell * 160 : (cell + 1) * 160], half) > 32


def test_a_take_is_never_overwritten_not_even_an_empty_folder(tmp_path: Path) -> None:
    hashes = write_take(tmp_path / "t1", moving_shot(5), 8.0, LATENTS, {})
    (tmp_path / "t2").mkdir()
    for name in ("t1", "t2"):
        with pytest.raises(TakeExists, match="new take id"):
            write_take(tmp_path / name, moving_shot(5, seed=1), 8.0, LATENTS, {})
    assert hashlib.sha256((tmp_path / "t1" / "video.mp4").read_bytes()).hexdigest() == hashes["video.mp4"]
    assert not leftovers(tmp_path)


def test_latents_keep_float32_exactly_and_round_to_bfloat16_as_torch_does(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    write_latents(tmp_path / "f32.safetensors", LATENTS)
    write_latents(tmp_path / "bf16.safetensors", LATENTS, "bf16")
    assert np.array_equal(read_latents(tmp_path / "f32.safetensors")["latents"], LATENTS["latents"])
    rounded = torch.from_numpy(LATENTS["latents"]).bfloat16()
    assert np.array_equal(read_latents(tmp_path / "bf16.safetensors")["latents"], rounded.float().numpy())
    loaded = pytest.importorskip("safetensors.torch").load_file(tmp_path / "bf16.safetensors")["latents"]
    assert loaded.dtype == torch.bfloat16 and torch.equal(loaded, rounded)


def test_damaged_latents_and_latents_that_are_not_numbers_are_refused(tmp_path: Path) -> None:
    write_latents(tmp_path / "a.safetensors", LATENTS)
    (tmp_path / "a.safetensors").write_bytes((tmp_path / "a.safetensors").read_bytes()[:-9])
    with pytest.raises(BadLatents, match=r"a\.safetensors"):
        read_latents(tmp_path / "a.safetensors")
    with pytest.raises(MissingClip):
        read_latents(tmp_path / "b.safetensors")
    with pytest.raises(BadLatents, match="not numbers"):
        write_take(tmp_path / "t1", moving_shot(5), 8.0, {"latents": np.full(4, np.nan, np.float32)}, {})
    assert list(tmp_path.iterdir()) == [tmp_path / "a.safetensors"]


def test_latents_may_be_written_by_the_caller(tmp_path: Path) -> None:
    write_take(tmp_path / "t1", moving_shot(5), 8.0, lambda path: write_latents(path, LATENTS), {})
    assert np.array_equal(read_latents(tmp_path / "t1" / "latents.safetensors")["latents"], LATENTS["latents"])
    with pytest.raises(BadLatents, match="not written"):
        write_take(tmp_path / "t2", moving_shot(5), 8.0, lambda path: None, {})
    assert {path.name for path in tmp_path.iterdir()} == {"t1"}


WRITER = """
import sys
import numpy as np
from pathlib import Path
from engine.film.take_files import write_take
frames = np.random.default_rng(0).integers(0, 255, (24, 128, 192, 3), dtype=np.uint8)
print("ready", flush=True)
for take in range(10_000):
    write_take(Path(sys.argv[1]) / f"t{take}", frames, 8.0, {"latents": np.zeros((4, 4), np.float32)}, {})
"""


def test_a_writer_that_is_killed_leaves_whole_takes_only_and_its_rest_is_swept(tmp_path: Path) -> None:
    half_written = []
    for round_ in range(3):
        folder = tmp_path / str(round_)
        folder.mkdir()
        child = subprocess.Popen([sys.executable, "-c", WRITER, str(folder)], cwd=ROOT, stdout=subprocess.PIPE)
        assert child.stdout is not None and child.stdout.readline() == b"ready\n"
        while not (folder / f"t{round_}").exists():
            time.sleep(0.005)
        time.sleep(0.03 * round_)
        child.send_signal(signal.SIGKILL)
        child.wait()
        child.stdout.close()
        for take in (path for path in folder.iterdir() if ".tmp-" not in path.name):
            assert {path.name for path in take.iterdir()} == FILES
            assert len(read_frames(take / "video.mp4")) == 24
        swept = sweep_temporary(folder)
        assert all(path.name.endswith(f".tmp-{child.pid}") for path in swept)
        assert not leftovers(folder)
        half_written += swept
    assert half_written  # it was killed while writing, at least once


def test_sweeping_leaves_what_a_living_process_is_writing(tmp_path: Path) -> None:
    (tmp_path / f"t1.tmp-{os.getpid()}").mkdir()
    (tmp_path / "t2").mkdir()
    assert sweep_temporary(tmp_path) == []
    assert len(list(tmp_path.iterdir())) == 2


def test_in_the_users_own_folder_only_what_was_to_get_a_films_name_is_swept(tmp_path: Path) -> None:
    dead = 2**22 + 1  # above any process id
    for name in ("tale.mp4", "tale.mp4.json", "other.mp4", "notes"):
        (tmp_path / f"{name}.tmp-{dead}").touch()
    swept = sweep_temporary(tmp_path, "tale.mp4", "tale.mp4.json")
    assert [path.name for path in swept] == [f"tale.mp4.json.tmp-{dead}", f"tale.mp4.tmp-{dead}"]
    assert len(list(tmp_path.iterdir())) == 2


FILLER = """
import sys
import numpy as np
from pathlib import Path
from engine.film.errors import FilmError
from engine.film.take_files import write_take
frames = np.random.default_rng(0).integers(0, 255, (24, 128, 192, 3), dtype=np.uint8)
try:
    write_take(Path(sys.argv[1]) / "t1", frames, 8.0, {"latents": np.zeros((4, 4), np.float32)}, {})
except FilmError as error:
    print(type(error).__name__, error.code, "|", error.hint, "|", sorted(p.name for p in Path(sys.argv[1]).iterdir()))
"""


def _on_small_disk(tmp_path: Path, options: str) -> str:
    """Run FILLER on a file system of its own, mounted in a private name space; skips where that is not allowed."""
    if sys.platform != "linux" or not shutil.which("unshare"):
        pytest.skip("needs Linux and unshare for a small disk")
    mount = f'mount -t tmpfs -o {options} tmpfs "$0" 2>/dev/null || exit 77; exec "$1" -c "$2" "$0"'
    command = ["unshare", "--mount", "--map-root-user", "sh", "-c", mount, str(tmp_path), sys.executable, FILLER]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode == 77 or "unshare" in done.stderr:
        pytest.skip("mounting a small disk is not permitted here")
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_full_disk_is_said_to_be_full_and_nothing_is_left(tmp_path: Path) -> None:
    said = _on_small_disk(tmp_path, "size=64k")
    assert said.startswith("DiskFull disk_full") and "Free some space" in said and said.rstrip().endswith("[]")


def test_a_read_only_disk_is_said_to_be_read_only(tmp_path: Path) -> None:
    said = _on_small_disk(tmp_path, "size=64k,ro")
    assert said.startswith("ReadOnlyFolder read_only") and "permissions" in said


def test_a_folder_that_cannot_exist_is_said_to_be_unwritable(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(ReadOnlyFolder, match="Choose a folder"):
        write_take(tmp_path / "file" / "t1", moving_shot(5), 8.0, LATENTS, {})


def test_a_used_up_quota_is_a_full_disk_and_other_errors_stay_what_they_are(tmp_path: Path) -> None:
    with pytest.raises(DiskFull), disk_errors(tmp_path):
        raise OSError(errno.EDQUOT, "quota")
    with pytest.raises(OSError, match="odd"), disk_errors(tmp_path):
        raise OSError(errno.EIO, "odd")


def test_a_folder_is_removed_when_its_block_fails(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt), whole_folder(tmp_path / "t1") as part:
        (part / "half").write_text("half")
        raise KeyboardInterrupt
    assert list(tmp_path.iterdir()) == []
