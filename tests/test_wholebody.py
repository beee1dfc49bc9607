"""The ONNX estimator on networks whose answers are known: from the frame through crop and SimCC back to its pixels."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prompt2sign.errors import ClipRejected, MissingError, UsageError
from prompt2sign.estimators import wholebody_look
from prompt2sign.estimators.base import get_estimator
from prompt2sign.estimators.wholebody_ahead import batches_ahead
from prompt2sign.estimators.wholebody_map import openpose_from_whole_body
from prompt2sign.options import PoseOptions
from prompt2sign.skeleton import BODY_25, KEYPOINT_NAMES

from . import onnx_made as made
from .shown import Shown

onnxruntime = pytest.importorskip("onnxruntime", reason="wholebody runs on ONNX Runtime")
from prompt2sign.estimators.wholebody_network import Network  # noqa: E402
from prompt2sign.estimators.wholebody_people import find_people  # noqa: E402
from prompt2sign.estimators.wholebody_points import confidence_of, find_points  # noqa: E402

SIZE = (320, 240)
RED, GREEN, BLUE = 0, 1, 2


def picture(*spots: tuple[int, int, int]) -> np.ndarray:
    """Black, with a full (x, y, channel) here and there."""
    shown = np.zeros((SIZE[1], SIZE[0], 3), np.uint8)
    for x, y, channel in spots:
        shown[y, x, channel] = 255
    return shown


def around(x: float, y: float, width: float = 96 / 1.25, height: float = 128 / 1.25) -> np.ndarray:
    """A box whose crop, for an input of 96 x 128, is neither larger nor smaller than what it shows."""
    return np.array([x - width / 2, y - height / 2, x + width / 2, y + height / 2])


def options_for(pose: Path, det: Path | None = None, **others) -> PoseOptions:
    return PoseOptions(estimator="wholebody", wholebody={"pose": pose, "det": det, "device": "cpu", **others})


def test_points_come_back_to_the_very_pixel_they_were_planted_at(tmp_path: Path) -> None:
    network = Network(made.points_network(tmp_path / "p.onnx"), "cpu", 4, (1, 1))
    spots = [(60, 50, RED), (70, 90, GREEN), (101, 100, BLUE)]
    points = find_points(network, [picture(*spots)], [around(85, 85)])
    assert network.size == (96, 128) and points.shape == (1, 133, 3)
    for point in range(133):
        x, y, _ = spots[point % 3]
        np.testing.assert_allclose(points[0, point], (x, y, 0.9), atol=1e-4)


@settings(deadline=None, max_examples=25)
@given(x=st.integers(5, 314), y=st.integers(5, 234), factor=st.floats(0.5, 3.0), dx=st.floats(-20, 20))
def test_a_crop_of_any_place_and_size_gives_the_point_within_its_own_pixel(tmp_path_factory, x, y, factor, dx) -> None:
    """A crop's pixel is `factor` pixels wide: the spot is spread to that width first, so that it is not lost."""
    network = shared_network(tmp_path_factory)
    shown = np.zeros((SIZE[1], SIZE[0], 3), np.uint8)
    reach = int(np.ceil(factor))
    shown[max(0, y - reach) : y + reach + 1, max(0, x - reach) : x + reach + 1] = 120
    shown[y, x] = 255
    box = around(x + dx, y + 7, factor * 96 / 1.25, factor * 128 / 1.25)
    points = find_points(network, [shown], [box])
    assert np.abs(points[0, :, :2] - (x, y)).max() <= reach + factor


_networks: list[Network] = []


def shared_network(factory) -> Network:
    if not _networks:
        _networks.append(Network(made.points_network(factory.mktemp("network") / "p.onnx"), "cpu", 4, (1, 1)))
    return _networks[0]


def test_scores_are_cut_at_one_keep_their_order_and_are_zero_for_what_is_not_there(tmp_path: Path) -> None:
    heights = np.linspace(-0.2, 1.3, 133)
    network = Network(made.points_network(tmp_path / "p.onnx", heights=heights), "cpu", 4, (1, 1))
    spots = [(60, 50, RED), (70, 90, GREEN), (101, 100, BLUE)]
    confidence = find_points(network, [picture(*spots)], [around(85, 85)])[0, :, 2]
    expected = np.clip(heights, 0, 1)
    seen = heights > 0.05
    np.testing.assert_allclose(confidence[seen], expected[seen], atol=1e-5)
    scores = np.linspace(-1, 2, 50).astype(np.float32)
    assert (np.diff(confidence_of(scores)) >= 0).all() and confidence_of(scores).max() == 1


def test_a_point_is_as_sure_as_the_less_sure_of_column_and_row(tmp_path: Path) -> None:
    network = Network(made.points_network(tmp_path / "p.onnx", rows_lower=0.25), "cpu", 4, (1, 1))
    shown = picture((60, 50, RED), (70, 90, GREEN), (101, 100, BLUE))
    np.testing.assert_allclose(find_points(network, [shown], [around(85, 85)])[0, :, 2], 0.65, atol=1e-5)


def test_the_detector_is_given_blue_first_and_0_to_255(tmp_path: Path) -> None:
    network = Network(made.blue_network(tmp_path / "d.onnx", [1, 2, 30, 40]), "cpu", 4, (1, 1))
    colours = np.zeros((3, 64, 64, 3), np.uint8)
    for channel in (RED, GREEN, BLUE):
        colours[channel, ..., channel] = 255
    assert [len(people) for people in find_people(network, list(colours), most=1)] == [0, 0, 1]


def test_the_map_takes_each_point_by_its_name() -> None:
    points = np.arange(133 * 3, dtype=np.float32).reshape(1, 133, 3) + 1
    xyc = openpose_from_whole_body(points)[0]
    by_name = {name: xyc[place] for place, name in enumerate(KEYPOINT_NAMES)}
    for name, row in {"nose": 0, "left_eye": 1, "right_ear": 4, "left_wrist": 9, "right_small_toe": 21}.items():
        np.testing.assert_array_equal(by_name[name], points[0, row])
    np.testing.assert_allclose(by_name["neck"][:2], points[0, 5:7, :2].mean(axis=0))
    np.testing.assert_allclose(by_name["mid_hip"][:2], points[0, 11:13, :2].mean(axis=0))
    assert by_name["neck"][2] == points[0, 5:7, 2].min()
    for name, row in {"face_0": 23, "face_67": 90, "face_68": 2, "face_69": 1}.items():
        np.testing.assert_array_equal(by_name[name], points[0, row])
    np.testing.assert_array_equal(xyc[95:116], points[0, 91:112])
    np.testing.assert_array_equal(xyc[116:], points[0, 112:])


def test_a_point_without_confidence_and_what_hangs_on_it_are_nowhere() -> None:
    points = np.ones((1, 133, 3), np.float32)
    points[0, 5, 2] = 0
    xyc = openpose_from_whole_body(points)[0]
    for name in ("left_shoulder", "neck"):
        assert (xyc[BODY_25.index(name)] == 0).all()
    assert (xyc[BODY_25.index("right_shoulder")] == 1).all()


def test_the_estimator_follows_the_largest_person_and_counts_the_others(tmp_path: Path) -> None:
    """Two people in each frame, one of them larger; the detector's square of 64 is a fifth of the picture."""
    scale = 64 / 320
    boxes = [around(90, 100), around(250, 120, 30, 40)]
    det = made.boxes_network(tmp_path / "det.onnx", [[*(box * scale), 0.9] for box in boxes])
    pose = made.points_network(tmp_path / "pose.onnx")
    other = [(245, 120, RED), (250, 122, GREEN), (252, 118, BLUE)]
    shown = Shown([picture((80 + t, 90, RED), (90, 95, GREEN), (100, 80, BLUE), *other) for t in range(5)])
    keypoints, values = get_estimator(options_for(pose, det, batch=2)).estimate(shown)
    assert keypoints.xyc.shape == (5, 137, 3) and (keypoints.width, keypoints.height) == SIZE
    assert values["n_people_max"] == 2 and values["n_empty_frames"] == values["n_absent_frames"] == 0
    np.testing.assert_allclose(keypoints.xyc[:, 0, 0], 80 + np.arange(5), atol=0.01)
    np.testing.assert_allclose(keypoints.xyc[:, 0, 1:], [[90, 0.9]] * 5, atol=0.01)


def test_the_same_clip_gives_the_same_bytes_alone_and_after_another_whatever_the_batch(tmp_path: Path) -> None:
    pose = made.random_points_network(tmp_path / "pose.onnx", (96, 128))
    rng = np.random.default_rng(1)
    clips = [Shown([rng.integers(0, 255, (80, 60, 3), np.uint8) for _ in range(5)]) for _ in range(2)]
    estimator = get_estimator(options_for(pose, batch=3))
    first, second = (estimator.estimate(clip)[0].xyc for clip in clips)
    np.testing.assert_array_equal(get_estimator(options_for(pose, batch=3)).estimate(clips[1])[0].xyc, second)
    np.testing.assert_allclose(get_estimator(options_for(pose, batch=1)).estimate(clips[0])[0].xyc, first, atol=1e-4)


def test_without_a_detector_the_picture_is_the_box(tmp_path: Path) -> None:
    pose = made.points_network(tmp_path / "pose.onnx")
    keypoints, values = get_estimator(options_for(pose)).estimate(Shown([picture((10, 20, RED), (20, 9, GREEN))] * 2))
    assert values["n_people_max"] == 1
    assert np.abs(keypoints.xyc[:, 0, :2] - (10, 20)).max() <= 320 * 1.25 / 96 + 1


def test_nobody_in_any_frame_is_a_clip_to_reject_and_nobody_in_some_is_not(tmp_path: Path) -> None:
    det = made.boxes_network(tmp_path / "det.onnx", [[1, 1, 40, 40, 0.1]])
    pose = made.points_network(tmp_path / "pose.onnx")
    with pytest.raises(ClipRejected) as rejected:
        get_estimator(options_for(pose, det)).estimate(Shown([picture()] * 3))
    assert rejected.value.reason == "nobody" and "shown.mp4" in str(rejected.value)


def test_only_people_are_taken_and_the_largest_first(tmp_path: Path) -> None:
    boxes = [[0, 0, 10, 10, 0.9], [0, 0, 30, 30, 0.8], [0, 0, 20, 20, 0.9], [0, 0, 60, 60, 0.2], [5, 5, 5, 9, 0.9]]
    network = Network(made.boxes_network(tmp_path / "d.onnx", boxes, labels=[0, 0, 1, 0, 0]), "cpu", 4, (1, 1))
    found = find_people(network, [np.zeros((64, 64, 3), np.uint8)] * 3, most=5)
    assert [len(people) for people in found] == [2, 2, 2]
    np.testing.assert_allclose(found[0][0], [0, 0, 30, 30], atol=1e-4)


def test_a_raw_detector_is_decoded_and_overlapping_boxes_are_one(tmp_path: Path) -> None:
    """Cell (3, 2) of the first grid (stride 8), a twin beside it, and cell (1, 0) of the last grid (stride 32)."""
    rows = np.zeros((64 + 16 + 4, 85), np.float32)
    rows[2 * 8 + 3, :6] = [0.5, 0.25, np.log(3), np.log(2), 0.9, 1.0]
    rows[2 * 8 + 4, :6] = [-0.5, 0.25, np.log(3), np.log(2), 0.8, 1.0]
    rows[64 + 16 + 1, :7] = [0.5, 0.5, 0, 0, 0.9, 0.1, 0.9]  # no person but the next class
    network = Network(made.raw_network(tmp_path / "d.onnx", rows), "cpu", 4, (1, 1))
    (people,) = find_people(network, [np.zeros((128, 128, 3), np.uint8)], most=5)
    middle, size = np.array([28, 18]), np.array([24, 16])
    assert len(people) == 1
    np.testing.assert_allclose(people[0], 2 * np.concatenate([middle - size / 2, middle + size / 2]), rtol=1e-5)


def test_our_answers_are_those_of_rtmlib(tmp_path: Path) -> None:
    """Same file, same picture; rtmlib does not turn colours round, so it is given what the network is to see."""
    rtmlib = pytest.importorskip("rtmlib", reason="pip install --no-deps rtmlib")
    path = made.random_points_network(tmp_path / "p.onnx", (96, 128), seed=3, batch=1)
    rng = np.random.default_rng(2)
    shown = rng.integers(0, 255, (240, 320, 3), np.uint8)
    boxes = [around(100, 120), np.array([20.0, 30, 200, 190]), np.array([-30.0, 100, 90, 300])]
    theirs = rtmlib.RTMPose(str(path), model_input_size=(96, 128))
    expected, _ = theirs(shown, boxes)
    ours = find_points(Network(path, "cpu", 16, (1, 1)), [shown] * 3, boxes)
    difference = np.abs(ours[..., :2] - expected).max(axis=-1)
    # Where two bins are as good as equal, rounding may choose the other one.
    assert np.median(difference) < 1e-3 and (difference < 1e-3).mean() > 0.98


def test_our_detections_are_those_of_rtmlib(tmp_path: Path) -> None:
    rtmlib = pytest.importorskip("rtmlib", reason="pip install --no-deps rtmlib")
    rng = np.random.default_rng(5)
    rows = np.zeros((84, 85), np.float32)
    rows[:, :4] = rng.normal(0, 0.7, (84, 4))
    rows[:, 4:6] = rng.uniform(0.6, 1, (84, 2))
    path = made.raw_network(tmp_path / "d.onnx", rows)
    shown = np.zeros((100, 64, 3), np.uint8)
    theirs = rtmlib.YOLOX(str(path), model_input_size=(64, 64), nms_thr=0.45, score_thr=0.3)(shown)
    ours = find_people(Network(path, "cpu", 1, (1, 1)), [shown], most=100)[0]
    # rtmlib counts both edges of a box as inside, so that a few at the limit of overlap differ.
    near = [min(np.abs(box - other).max() for other in theirs) for box in ours]
    assert abs(len(ours) - len(theirs)) <= 3 and np.mean(np.array(near) < 1e-2) > 0.9


@pytest.mark.parametrize("batch", [1, 4, "batch"])
def test_batches_of_any_kind_of_export(tmp_path: Path, batch: int | str) -> None:
    network = Network(made.points_network(tmp_path / "p.onnx", batch=batch), "cpu", 3, (1, 1))
    shown = [picture((60 + t, 50, RED)) for t in range(7)]
    points = find_points(network, shown, [around(85, 85)] * 7)
    np.testing.assert_allclose(points[:, 0, 0], 60 + np.arange(7), atol=0.01)


def test_a_network_that_takes_less_than_it_says_gets_less(tmp_path: Path) -> None:
    """As with a GPU whose memory is full: half as many until it works."""
    network = Network(made.points_network(tmp_path / "p.onnx"), "cpu", 16, (1, 1))
    inner, sizes = network._session.run, []

    class Small:
        def run(self, outputs, feed):
            sizes.append(len(feed["input"]))
            if sizes[-1] > 3:
                raise RuntimeError("Failed to allocate memory for requested buffer")
            return inner(outputs, feed)

        def get_inputs(self):
            return real.get_inputs()

    real, network._session = network._session, Small()
    points = find_points(network, [picture((60 + t, 50, RED)) for t in range(7)], [around(85, 85)] * 7)
    assert sizes == [7, 3, 3, 1]
    np.testing.assert_allclose(points[:, 0, 0], 60 + np.arange(7), atol=0.01)


class TestWhatIsWrongIsSaid:
    def test_no_network_named(self) -> None:
        with pytest.raises(UsageError, match=r"wholebody: \{pose: rtmw\.onnx"):
            wholebody_look.check(PoseOptions(estimator="wholebody"))

    @pytest.mark.parametrize("name", ["https://example.org/rtmw.onnx", "rtmw-x", "missing.onnx"])
    def test_names_are_never_fetched(self, tmp_path: Path, name: str, monkeypatch) -> None:
        monkeypatch.chdir(tmp_path)
        with pytest.raises(MissingError, match=r"wholebody\.pose: .* networks are not fetched"):
            wholebody_look.check(options_for(Path(name)))
        assert not list(tmp_path.iterdir())

    def test_no_onnx_runtime(self, tmp_path: Path, monkeypatch) -> None:
        (tmp_path / "p.onnx").write_bytes(b"x")
        monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
        with pytest.raises(MissingError, match=r"prompt2sign\[wholebody\].*--no-deps"):
            wholebody_look.check(options_for(tmp_path / "p.onnx"))

    @pytest.mark.parametrize("content", [b"", b"no network", b"\x08\x09" * 50])
    def test_a_file_that_is_no_network(self, tmp_path: Path, content: bytes) -> None:
        (tmp_path / "p.onnx").write_bytes(content)
        with pytest.raises(UsageError, match=r"p\.onnx: ONNX Runtime cannot load it"):
            get_estimator(options_for(tmp_path / "p.onnx"))

    def test_a_truncated_network(self, tmp_path: Path) -> None:
        path = made.random_points_network(tmp_path / "p.onnx", (96, 128))
        path.write_bytes(path.read_bytes()[:-2000])
        with pytest.raises(UsageError, match=r"p\.onnx"):
            get_estimator(options_for(path))

    def test_a_body_network_of_17_points(self, tmp_path: Path) -> None:
        estimator = get_estimator(options_for(made.points_network(tmp_path / "p.onnx", n_points=17)))
        with pytest.raises(UsageError, match="133"):
            estimator.estimate(Shown([picture()]))

    def test_the_two_files_mixed_up(self, tmp_path: Path) -> None:
        pose, det = made.points_network(tmp_path / "p.onnx"), made.boxes_network(tmp_path / "d.onnx", [[0, 0, 9, 9, 1]])
        with pytest.raises(UsageError, match=r"wholebody\.det|YOLOX"):
            get_estimator(options_for(det, pose)).estimate(Shown([picture()]))

    @pytest.mark.parametrize(
        ("shapes", "says"),
        [
            ([], "takes nothing"),
            ([[]], r"takes input_0 \[\]"),
            ([[1, 3, 128, 96], [1]], r"input_1 \[1\]"),
            ([[1, 3, 0, 0]], "0x0"),
            ([[1, 3, 10**6, 10**6]], "1000000x1000000"),
            ([[0, 3, 128, 96]], "0 pictures at once"),
            ([[10**9, 3, 128, 96]], "1000000000 pictures at once"),
        ],
    )
    def test_an_input_that_is_no_picture_is_refused_at_once(self, tmp_path: Path, shapes, says: str) -> None:
        scores = np.zeros((1, 133, 192), np.float32)
        with pytest.raises(UsageError, match=rf"p\.onnx: takes .*{says}|p\.onnx: {says}"):
            get_estimator(options_for(made.fixed_network(tmp_path / "p.onnx", [scores, scores], shapes)))

    def test_a_size_that_was_left_open_and_is_given_wrongly(self, tmp_path: Path) -> None:
        scores = np.zeros((1, 133, 192), np.float32)
        path = made.fixed_network(tmp_path / "p.onnx", [scores, scores], [["n", 3, "h", "w"]])
        with pytest.raises(UsageError, match=r"0x384.*pose_input_size"):
            get_estimator(options_for(path, pose_input_size=(0, 384)))

    @pytest.mark.parametrize(("n_columns", "n_rows"), [(100, 9000), (192, 192), (0, 0), (95, 127), (9600, 12800)])
    def test_scores_that_do_not_fit_the_input(self, tmp_path: Path, n_columns: int, n_rows: int) -> None:
        scores = [np.full((1, 133, n_bins), 0.5, np.float32) for n_bins in (n_columns, n_rows)]
        path = made.fixed_network(tmp_path / "p.onnx", scores, [[1, 3, 128, 96]])
        with pytest.raises(UsageError, match=f"{n_columns} columns and {n_rows} rows, .* 96x128"):
            get_estimator(options_for(path)).estimate(Shown([picture()]))

    @pytest.mark.parametrize(("n_columns", "n_rows"), [(96, 128), (192, 256), (288, 384), (144, 192), (101, 134)])
    def test_other_splits_of_pixels_are_taken(self, tmp_path: Path, n_columns: int, n_rows: int) -> None:
        scores = [np.full((1, 133, n_bins), 0.5, np.float32) for n_bins in (n_columns, n_rows)]
        path = made.fixed_network(tmp_path / "p.onnx", scores, [[1, 3, 128, 96]])
        assert get_estimator(options_for(path)).estimate(Shown([picture()]))[0].n_frames == 1

    @pytest.mark.parametrize("score", [np.nan, np.inf, -np.inf])
    def test_scores_without_measure(self, tmp_path: Path, score: float) -> None:
        scores = [np.full((1, 133, n_bins), score, np.float32) for n_bins in (192, 256)]
        path = made.fixed_network(tmp_path / "p.onnx", scores, [[1, 3, 128, 96]])
        with pytest.raises(ClipRejected, match="no numbers") as rejected:
            get_estimator(options_for(path)).estimate(Shown([picture()]))
        assert rejected.value.reason == "unusable-points"

    @pytest.mark.parametrize("outputs", [1, 2], ids=["one", "words"])
    def test_outputs_of_another_kind(self, tmp_path: Path, outputs: int) -> None:
        kinds = {1: np.zeros((1, 133, 192), np.float32), 2: np.full((1, 133, 192), "x", object)}
        path = made.fixed_network(tmp_path / "p.onnx", [kinds[outputs]] * outputs, [[1, 3, 128, 96]])
        with pytest.raises(UsageError, match=r"p\.onnx"):
            get_estimator(options_for(path)).estimate(Shown([picture()]))

    def test_no_gpu(self, tmp_path: Path) -> None:
        if "CUDAExecutionProvider" in onnxruntime.get_available_providers():
            pytest.skip("this ONNX Runtime knows GPUs")
        with pytest.raises(MissingError, match=r"cuda, but .* device: cpu"):
            get_estimator(options_for(made.points_network(tmp_path / "p.onnx"), device="cuda"))


def test_a_fingerprint_follows_the_files_and_what_changes_a_result_alone(tmp_path: Path) -> None:
    pose = made.points_network(tmp_path / "p.onnx")
    identity = wholebody_look.identity(options_for(pose))
    assert str(tmp_path) not in str(identity) and identity["onnxruntime"] == onnxruntime.__version__
    assert wholebody_look.identity(options_for(pose, batch=3)) == identity
    assert wholebody_look.identity(options_for(pose, people=2)) != identity
    other = made.points_network(tmp_path / "q.onnx", heights=np.full(133, 0.8))
    assert wholebody_look.identity(options_for(other)) != identity
    assert wholebody_look.identity(options_for(tmp_path / "gone.onnx")) is None
    assert get_estimator(options_for(pose)).describe()["weights"].keys() == {"p.onnx"}


def test_looking_loads_nothing_heavy() -> None:
    import subprocess

    code = "import sys; from prompt2sign.estimators import wholebody_look, openpose_dnn_look; "
    code += "assert not {'onnxruntime', 'cv2', 'h5py', 'av'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


class TestAhead:
    @given(st.lists(st.integers(), max_size=40), st.integers(1, 9))
    @settings(max_examples=30, deadline=None)
    def test_everything_comes_once_and_in_order(self, items: list[int], batch: int) -> None:
        batches = list(batches_ahead(items, batch))
        assert [item for part in batches for item in part] == items
        assert all(len(part) == batch for part in batches[:-1])

    def test_an_error_comes_up_after_what_was_read_before_it(self) -> None:
        def broken():
            yield from range(5)
            raise ClipRejected("truncated-video", "ends early")

        seen = []
        with pytest.raises(ClipRejected, match="ends early"):
            for part in batches_ahead(broken(), 2):
                seen += part
        assert seen == [0, 1, 2, 3]

    def test_a_caller_may_stop_early(self) -> None:
        batches = batches_ahead(iter(range(10**9)), 3)
        assert next(batches) == [0, 1, 2]
        batches.close()
