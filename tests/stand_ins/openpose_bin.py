"""A stand-in for openpose.bin: its command line, its JSON, its ways to fail."""

import json
import os
import sys
import time
from pathlib import Path

import cv2
from common import control, from_command_line, misbehave, missing_model, number_in, parse, people_at

PARTS = {
    "pose_keypoints_2d": slice(0, 25),
    "face_keypoints_2d": slice(25, 95),
    "hand_left_keypoints_2d": slice(95, 116),
    "hand_right_keypoints_2d": slice(116, 137),
}


def main() -> int:
    flags = parse(from_command_line(sys.argv[1:]))
    print("Starting OpenPose demo...", flush=True)
    if complaint := missing_model(flags):
        print(complaint, file=sys.stderr)
        return 255
    video = Path(flags["video"])
    capture = cv2.VideoCapture(str(video))
    if not capture.isOpened():
        print(f"VideoCapture (IP camera or video) could not be opened for path: `{video}`.", file=sys.stderr)
        return 255
    index = 0
    while True:
        there, picture = capture.read()
        if not there or index >= control().get("frames", 1 << 30):
            break
        number = number_in(picture)
        path = Path(flags["write_json"]) / f"{video.stem}_{index:012d}_keypoints.json"
        path.write_text('{"version": 1.3, "peo')  # as far as it comes where it is to end here
        misbehave(number, flags, video.stem)
        write(path, people_at(number, flags), flags)
        time.sleep(control().get("seconds", 0))
        index += 1
    print("OpenPose demo successfully finished.", flush=True)
    return 0


def write(path: Path, people, flags: dict[str, str]) -> None:
    """Six significant digits; not at once, as a reader in a hurry would see."""
    written = []
    for points in people:
        parts = {key: [float(f"{v:.6g}") for v in points[part].ravel().tolist()] for key, part in PARTS.items()}
        for part, keys in (
            ("face", ["face_keypoints_2d"]),
            ("hand", ["hand_left_keypoints_2d", "hand_right_keypoints_2d"]),
        ):
            parts.update({key: [] for key in keys if flags[part] == "false"})
        written.append({"person_id": [-1], **parts, **{key.replace("_2d", "_3d"): [] for key in PARTS}})
    text = json.dumps({"version": 1.3, "people": written})
    with path.open("w") as file:
        file.write(text[: len(text) // 2])
        file.flush()
        file.write(text[len(text) // 2 :])


if __name__ == "__main__":
    status = main()
    sys.stdout.flush()
    os._exit(status)
