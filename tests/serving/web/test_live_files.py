"""The live page reads files that are damaged, that have no picture, or that are dropped onto it."""

import re
import wave
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.serving.web.browsing import Open, drop, part
from tests.tools.clips import head, with_heads, write_clip

pytestmark = pytest.mark.browser


def test_a_damaged_video_gives_what_can_be_read_and_says_so(
    open_in_window: Open, tmp_path: Path
) -> None:
    picture = head(150)
    shown = ((at / 10, with_heads([(20, 40)], picture)) for at in range(36))
    whole = write_clip(tmp_path / "whole.mp4", shown, movflags="+faststart").read_bytes()
    (tmp_path / "noise.mp4").write_bytes(whole[: len(whole) // 2] + bytes(len(whole) // 2))
    shown = ((at / 10, with_heads([(20, 40)], picture)) for at in range(36))
    whole = write_clip(tmp_path / "whole.webm", shown, codec="libvpx").read_bytes()
    (tmp_path / "cut.webm").write_bytes(whole[: len(whole) // 2])
    page = open_in_window("/live")
    for name in ("noise.mp4", "cut.webm"):
        page.set_input_files("[data-part=file]", tmp_path / name)
        expect(part(page, "status")).to_contain_text("damaged or cut short after")
        expect(part(page, "record")).to_contain_text(re.compile(r"Stop and save \([1-9]"))


def test_a_file_without_a_picture_is_refused_and_a_dropped_video_read(
    open_in_window: Open, tmp_path: Path
) -> None:
    sound = tmp_path / "sound.wav"
    with wave.open(str(sound), "wb") as file:
        file.setparams((1, 2, 8000, 0, "NONE", ""))
        file.writeframes(bytes(4000))
    page = open_in_window("/live")
    page.set_input_files("[data-part=file]", sound)
    expect(part(page, "status")).to_contain_text("sound.wav has no picture")
    expect(part(page, "start")).to_have_text("Start the camera")
    shown = [(at / 10, with_heads([(20, 40)], head(150))) for at in range(4)]
    clip = write_clip(tmp_path / "me.webm", shown, codec="libvpx")
    drop(page, ("me.webm", clip.read_bytes()))
    expect(part(page, "status")).to_contain_text("was read to its end")
