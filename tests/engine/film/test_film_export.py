"""Exports: joined without touching a pixel where possible, composed frame by exact frame otherwise."""

from __future__ import annotations

import dataclasses
import json
import subprocess
import sys
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from engine.contract import ExportItem, ExportOptions, ExportRequest
from engine.film.decode import VideoInfo, probe, read_frames
from engine.film.encode import Frames, encode_video
from engine.film.errors import BadExport, DamagedClip, ExportCancelled, FilmError, MissingClip, ReadOnlyFolder
from engine.film.export import export
from engine.film.lettering import SMALLEST, title_plate
from engine.film.timeline import lay_out
from tests.engine.film.footage import SIZE, ask, clips, leftovers, moving_shot, psnr, tone

ROOT = Path(__file__).parents[3]


def _never() -> bool:
    return False


def _ignore(done: float, text: str) -> None:
    assert 0.0 <= done <= 1.0 and text


def _sources(items: tuple[ExportItem, ...]) -> Frames:
    return np.concatenate([read_frames(item.path) for item in items])


def test_takes_of_one_kind_are_joined_without_changing_a_pixel(tmp_path: Path) -> None:
    items = clips(tmp_path / "takes")
    done = export(ask(items, tmp_path / "film.mp4"), _ignore, _never)
    assert (done.reencoded, done.frames, done.fps) == (False, 27, 8.0)
    assert np.array_equal(read_frames(done.path), _sources(items))
    info = probe(done.path)
    assert (info.frames, info.faststart, info.pix_fmt, info.fps) == (27, True, "yuv420p", 8.0)
    with av.open(done.path) as film:
        packets = [packet for packet in film.demux(video=0) if packet.size]
    assert [packet.pts for packet in packets] == [15_000 * n for n in range(27)]  # no gap, no overlap


def test_a_join_does_not_load_moviepy_or_torch(tmp_path: Path) -> None:
    clips(tmp_path, 2)
    script = (
        "import sys; from engine.contract import *; from engine.film.export import export\n"
        "items = tuple(ExportItem(f'{sys.argv[1]}/{n}.mp4') for n in range(2))\n"
        "export(ExportRequest('e', items, sys.argv[1] + '/film.mp4'), lambda *_: None, lambda: False)\n"
        "assert not {'moviepy', 'torch', 'cv2'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", script, str(tmp_path)], cwd=ROOT, check=True)


def test_clips_of_different_size_or_rate_are_reencoded_to_the_first_clips(tmp_path: Path) -> None:
    encode_video(tmp_path / "a.mp4", moving_shot(8), 8.0)
    encode_video(tmp_path / "b.mp4", moving_shot(12, 1, (64, 64)), 24.0)
    items = (ExportItem(str(tmp_path / "a.mp4")), ExportItem(str(tmp_path / "b.mp4")))
    done = export(ask(items, tmp_path / "film.mp4"), _ignore, _never)
    film = read_frames(done.path)
    assert done.reencoded and film.shape == (8 + 4, 64, 96, 3)
    assert psnr(film[8, :, 24:72], moving_shot(12, 1, (64, 64))[0][:, 8:56]) > 36
    assert film[8, :, :14].max() < 12 and film[8, :, -14:].max() < 12  # black bars, nothing stretched


def test_a_range_gives_exactly_its_frames(tmp_path: Path) -> None:
    items = clips(tmp_path, 2)
    cut = (dataclasses.replace(items[0], in_frame=2, out_frame=6), dataclasses.replace(items[1], out_frame=1))
    done = export(ask(cut, tmp_path / "film.mp4"), _ignore, _never)
    film = read_frames(done.path)
    wanted = np.concatenate([moving_shot(9)[2:6], moving_shot(9, 1)[:1]])
    assert done.reencoded and len(film) == done.frames == 5
    assert min(psnr(one, other) for one, other in zip(film, wanted, strict=True)) > 36


def test_titles_change_the_picture_only_where_the_plate_is(tmp_path: Path) -> None:
    items = clips(tmp_path, 2)
    bare = export(ask(items, tmp_path / "bare", format="png"), _ignore, _never)
    named = export(ask(items, tmp_path / "named", format="png", titles=True), _ignore, _never)
    plate, (x, y) = title_plate("Shot 1", SIZE)
    for number in (1, 9, 10, 18):
        one, other = (np.asarray(Image.open(Path(r.path) / f"{number:06d}.png")) for r in (bare, named))
        changed = (one != other).any(axis=-1)
        assert changed[y : y + plate.shape[0], x : x + plate.shape[1]].mean() > 0.9
        changed[y : y + plate.shape[0], x : x + plate.shape[1]] = False
        assert not changed.any()


@pytest.mark.parametrize("size", [(64, 36), (112, 64), (854, 480), (1920, 1080)])
@pytest.mark.parametrize("text", ["Shot 3", "A very long name of a shot " * 9, "Лиса и 狐"])
def test_a_title_fits_its_frame_and_stays_readable_at_any_size(size: tuple[int, int], text: str) -> None:
    plate, (x, y) = title_plate(text, size)
    height, width = plate.shape[:2]
    assert x >= 0 and y >= 0 and x + width <= size[0] and y + height <= size[1]
    assert height >= SMALLEST
    assert plate[..., :3].max() == 255 and plate[..., 3].min() >= 160  # white letters on a dark plate


def test_a_cross_fade_shortens_the_film_by_its_length_and_mixes_only_there(tmp_path: Path) -> None:
    items = clips(tmp_path)
    done = export(ask(items, tmp_path / "film", format="png", crossfade=0.375), _ignore, _never)
    film = np.stack([np.asarray(Image.open(path)) for path in sorted((tmp_path / "film").iterdir())])
    sources = [read_frames(item.path) for item in items]
    assert done.frames == len(film) == 3 * 9 - 2 * 3
    assert np.array_equal(film[:6], sources[0][:6])
    assert np.array_equal(film[9:12], sources[1][3:6])
    assert np.array_equal(film[15:], sources[2][3:])
    for place in range(3):
        share = (place + 1) / 4
        mixed = (1 - share) * sources[0][6 + place] + share * sources[1][place]
        assert np.abs(film[6 + place] - mixed).max() < 3


def _info(frames: int, fps: float = 8.0) -> VideoInfo:
    return VideoInfo(96, 64, fps, frames, "h264", "yuv420p", True)


def test_the_stretches_of_a_timeline_add_up_for_any_cross_fade() -> None:
    for lengths in [(9,), (9, 9), (1, 9, 1), (2, 3, 4, 17), (1, 1, 1)]:
        items = tuple(ExportItem(f"{n}.mp4") for n in range(len(lengths)))
        for fade in (0.0, 0.1, 0.5, 1.0, 60.0):
            timeline = lay_out(items, [_info(n) for n in lengths], ExportOptions(crossfade=fade))
            assert sum(stretch.frames for stretch in timeline.segments()) == timeline.frames
            assert timeline.frames == sum(lengths) - sum(clip.overlap for clip in timeline.clips)
            for clip, after in zip(timeline.clips, timeline.clips[1:], strict=False):
                assert clip.overlap + after.overlap <= clip.frames


def test_a_change_of_rate_keeps_the_length_in_seconds() -> None:
    for fps in (4.0, 12.0, 23.976, 24.0, 60.0):
        timeline = lay_out([ExportItem("a.mp4")], [_info(17)], ExportOptions(fps=fps))
        assert abs(timeline.frames / timeline.fps - 17 / 8) <= 0.5 / fps
        shown = [timeline.clips[0].source_frame(place, timeline.fps) for place in range(timeline.frames)]
        assert shown == sorted(shown) and shown[0] == 0 and shown[-1] <= 16
        assert fps < 8 or set(shown) == set(range(17))


def test_size_and_rate_are_what_was_asked_for(tmp_path: Path) -> None:
    items = clips(tmp_path, 1)
    done = export(ask(items, tmp_path / "film.mp4", width=151, fps=23.976), _ignore, _never)
    info = probe(done.path)
    assert (info.width, info.height, info.frames) == (152, 102, 27)
    assert info.fps == pytest.approx(24_000 / 1001)
    wanted = Image.fromarray(moving_shot()[0]).resize((152, 102), Image.Resampling.LANCZOS)
    assert psnr(read_frames(done.path)[0], np.asarray(wanted)) > 36


@pytest.mark.parametrize("seconds", [0.02, 1.0, 30.0])
def test_sound_is_cut_or_padded_with_silence_to_the_films_length(tmp_path: Path, seconds: float) -> None:
    items = clips(tmp_path, 2)
    audio = str(tone(tmp_path / "tone.wav", seconds))
    done = export(ask(items, tmp_path / "film.mp4", audio=audio), _ignore, _never)
    with av.open(done.path) as film:
        stream, video = film.streams.audio[0], film.streams.video[0]
        assert stream.duration is not None and stream.time_base is not None
        assert abs(float(stream.duration * stream.time_base) - 18 / 8) < 0.025
        assert video.frames == 18
        samples = np.concatenate([frame.to_ndarray() for frame in film.decode(stream)], axis=1)
    loud = np.abs(samples).max(axis=0) > 0.1
    heard = float(np.flatnonzero(loud)[-1]) / 48_000
    assert abs(heard - min(seconds, 18 / 8)) < 0.05


def test_a_gif_has_its_frames_its_timing_and_its_comment(tmp_path: Path) -> None:
    items = clips(tmp_path, 2)
    done = export(ask(items, tmp_path / "film.gif", format="gif"), _ignore, _never)
    with Image.open(done.path) as gif:
        assert (getattr(gif, "n_frames"), gif.size, gif.info["loop"]) == (18, SIZE, 0)  # noqa: B009
        assert json.loads(gif.info["comment"])["seeds"] == [4, 5]
        durations = []
        for place in range(18):
            gif.seek(place)
            durations.append(gif.info["duration"])
            assert psnr(np.asarray(gif.convert("RGB")), read_frames(items[place // 9].path)[place % 9]) > 25
    assert sum(durations) == 2250  # 18 frames at 8 a second, though a frame is 12 or 13 hundredths


def test_a_png_sequence_is_lossless_and_numbered(tmp_path: Path) -> None:
    items = clips(tmp_path, 2, frames=5)
    done = export(ask(items, tmp_path / "pictures", format="png"), _ignore, _never)
    names = sorted(path.name for path in Path(done.path).iterdir())
    assert names == [f"{number:06d}.png" for number in range(1, 11)]
    pictures = np.stack([np.asarray(Image.open(Path(done.path) / name)) for name in names])
    assert np.array_equal(pictures, _sources(items))
    with Image.open(Path(done.path) / names[0]) as first:
        assert json.loads(first.info["Comment"])["model"] == "paper-theatre"


@pytest.mark.parametrize("titles", [False, True])
def test_metadata_comes_back_from_the_film_and_its_sidecar(tmp_path: Path, titles: bool) -> None:
    request = ask(clips(tmp_path, 2), tmp_path / "film.mp4", titles=titles)
    request.metadata["prompts"] = ["a fox — naïve, 狐 " * 400] * 20  # long scenes have long metadata
    done = export(request, _ignore, _never)
    with av.open(done.path) as film:
        assert film.metadata["title"] == "The fox"
        assert json.loads(film.metadata["comment"]) == request.metadata
    sidecar = json.loads(Path(done.sidecar).read_text(encoding="utf-8"))
    assert Path(done.sidecar) == tmp_path / "film.mp4.json"
    assert sidecar["metadata"] == request.metadata
    assert [clip["start"] for clip in sidecar["clips"]] == [0, 9]
    assert sidecar["film"]["reencoded"] is titles
    assert str(tmp_path.parent) not in Path(done.sidecar).read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("name", "options"),
    [("f.mp4", {}), ("f.mp4", {"titles": True}), ("f.gif", {"format": "gif"}), ("f", {"format": "png"})],
)
def test_cancelling_leaves_nothing_behind_and_an_older_film_as_it_was(
    tmp_path: Path, name: str, options: dict[str, object]
) -> None:
    items = clips(tmp_path / "takes")
    out = tmp_path / "out" / name
    out.parent.mkdir()
    if options.get("format") != "png":
        out.write_text("the film of yesterday")
    before = sorted(out.parent.iterdir())
    heard: list[float] = []
    with pytest.raises(ExportCancelled):
        export(ask(items, out, **options), lambda done, text: heard.append(done), lambda: len(heard) > 1)
    assert heard and heard[-1] < 1.0
    assert sorted(out.parent.iterdir()) == before and not leftovers(tmp_path)
    assert not out.is_file() or out.read_text() == "the film of yesterday"


def test_a_film_that_is_there_already_is_replaced_by_the_complete_new_one(tmp_path: Path) -> None:
    items = clips(tmp_path, 2)
    for count in (1, 2):
        export(ask(items[:count], tmp_path / "film.mp4"), _ignore, _never)
    assert probe(tmp_path / "film.mp4").frames == 18


def test_a_missing_or_damaged_clip_is_named_and_nothing_is_written(tmp_path: Path) -> None:
    items = clips(tmp_path / "takes")
    (tmp_path / "out").mkdir()
    for options in ({}, {"titles": True}):
        Path(items[1].path).rename(tmp_path / "away.mp4")
        with pytest.raises(MissingClip, match=r"takes/1\.mp4"):
            export(ask(items, tmp_path / "out" / "film.mp4", **options), _ignore, _never)
        whole = (tmp_path / "away.mp4").read_bytes()
        Path(items[1].path).write_bytes(whole[: len(whole) // 2])
        with pytest.raises(DamagedClip, match=r"takes/1\.mp4"):
            export(ask(items, tmp_path / "out" / "film.mp4", **options), _ignore, _never)
        (tmp_path / "away.mp4").rename(items[1].path)
    assert list((tmp_path / "out").iterdir()) == []


def test_a_silent_or_missing_audio_file_is_named(tmp_path: Path) -> None:
    items = clips(tmp_path, 1)
    with pytest.raises(MissingClip, match="audio file"):
        export(ask(items, tmp_path / "film.mp4", audio=str(tmp_path / "no.wav")), _ignore, _never)
    with pytest.raises(DamagedClip, match="no sound"):
        export(ask(items, tmp_path / "film.mp4", audio=items[0].path), _ignore, _never)
    (tmp_path / "text.wav").write_text("not sound")
    with pytest.raises(DamagedClip, match=r"text\.wav"):
        export(ask(items, tmp_path / "film.mp4", audio=str(tmp_path / "text.wav")), _ignore, _never)


def test_an_unwritable_folder_is_said_to_be_one(tmp_path: Path) -> None:
    items = clips(tmp_path, 1)
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(ReadOnlyFolder, match="Choose a folder") as caught:
        export(ask(items, tmp_path / "file" / "film.mp4"), _ignore, _never)
    assert caught.value.code == "read_only"


def _bad_requests(items: tuple[ExportItem, ...], folder: Path) -> list[ExportRequest]:
    film = folder / "film.mp4"
    return [
        ask((), film),
        ask(items, Path(items[0].path)),
        ask(items, folder),
        ask(items, folder / "film.gif"),
        ask(items, folder, format="png"),
        ask(items, folder / "film.gif", format="gif", audio="a.wav"),
        ask(items, film, crossfade=-1.0),
        ask(items, film, width=0, height=64),
        ask(items, film, fps=-8.0),
        ask((dataclasses.replace(items[0], in_frame=5, out_frame=5),), film),
        ask((dataclasses.replace(items[0], out_frame=99),), film),
    ]


def test_requests_that_make_no_sense_are_refused_with_a_hint(tmp_path: Path) -> None:
    items = clips(tmp_path, 1)
    for request in _bad_requests(items, tmp_path):
        with pytest.raises(FilmError) as caught:
            export(request, _ignore, _never)
        assert caught.value.code == "bad_request" and caught.value.hint, request
    assert sorted(path.name for path in tmp_path.iterdir()) == ["0.mp4"]
    assert issubclass(BadExport, FilmError)


def test_a_hundred_clips_are_joined_and_composed_with_at_most_two_open(tmp_path: Path) -> None:
    (item,) = clips(tmp_path, 1, frames=2)
    done = export(ask((item,) * 100, tmp_path / "film.mp4"), _ignore, _never)
    assert probe(done.path).frames == 200
    pytest.importorskip("resource")
    script = (
        "import resource, sys; resource.setrlimit(resource.RLIMIT_NOFILE, (40, 40))\n"
        "from engine.contract import *; from engine.film.export import export\n"
        "items = (ExportItem(sys.argv[1] + '/0.mp4', 'name'),) * 100\n"
        "request = ExportRequest('e', items, sys.argv[1] + '/c.mp4', ExportOptions(titles=True, crossfade=0.125))\n"
        "assert export(request, lambda *_: None, lambda: False).frames == 200 - 99"
    )
    subprocess.run([sys.executable, "-W", "error", "-c", script, str(tmp_path)], cwd=ROOT, check=True)
