"""AUTSL as it was published: archives cut into pieces, with the checksums others recorded while the server stood."""

from __future__ import annotations

from ..acquire.wanted import RemoteArchive, RemoteFile, Wanted

#: Its server has not answered since 2023; a mirror is given with the fetch option `mirrors`.
HOST = "http://158.109.8.102/AuTSL/data/"
_LABELS = "https://datasets.sigma-sign-language.com/public/autsl/"
_POSES = "https://datasets.sigma-sign-language.com/poses/"
_CLASSES = "https://data.chalearnlap.cvc.uab.cat/AuTSL/data/SignList_ClassId_TR_EN.csv"
#: The same bytes as `train/train_labels.csv` of the server had, by their checksum.
_TRAIN_LABELS = (
    "https://raw.githubusercontent.com/AI4Bharat/OpenHands/77560512bdea30a88e2d0d6a25e24c1c159c53e2/"
    "openhands/datasets/assets/autsl_metadata/AUTSL/train_labels.csv"
)
_PIECE_BYTES = 1_048_576_000
#: Folder, archive, password as its owners published it, size of the last piece, checksum of each piece.
_ARCHIVES = (
    ("train", "train/train_set_vfbha39.zip", "MdG3z6Eh1t", 688_988_403, (
        "6955ac2ae2b4226d51263411e09c0fd9d249d57803dca9ca6da2f94ad7ca4800",
        "7cfc37cb53a4a771ba872c3fd4ad6faf20002a92120315f9938612a8b214ff71",
        "b800a5b007494243f8030e743cf42e78018f7634c94cdbfa2608591182514fae",
        "bb34b4bbb72a1e9817cf8305e58052d1baa409970be81c579149dc1011adbba9",
        "d74d82c6e69c8810a5f9d6d7796d4463422c84a08e0c1a7d10e4fb77081ba170",
        "2254e0e40b3d7587ba74da7db17d97a9146057214496ef8feeea3d316c708270",
        "e42410cd2243a7aacc8b98a24ba824aadc867ee04de014565f51700c23238f44",
        "eb939ae4ad7f3669d6a2bfa2217a05c18229fc12c2d97c0fb0332cbda3ef3238",
        "e97c8602f4acb5c30325bcad507d014457bd3e1cc733338f0498c11776e837e5",
        "37d2ffe47b14c74a56830bbacfd712a9d0d391cfde95aaf4a7471aaa6779394c",
        "07533a380dbf3729417a39942c808cda6914d0a675acf1996c243353f93bf8ea",
        "1b7bbf8b8019d8a32b7df835a833acc60aff1a719b80e4ab6db9cb41a6f8e7a7",
        "3001bbe8b1302740e64f779bd5af89480a544a15a3dbbf3415461e56b3270d05",
        "a7df50a9b75cad2332a8b3208de2031b5e1895c8ec48cd377396965dd06ef03d",
        "5449633b9be06ed88b0cc8f0f07cfced3bcc3a9d37229747b0d602332fe43fc5",
        "9f975f03e341d4cbc6c7f62ab3321e28cfd9662cc36dc01c03a079a7924edd6d",
        "901d23bc22e289b82c0a83eebd2c49d1e40d74a932d7a2ff19382d1dc1a34cdb",
        "4ccf01c068f06293a937a078cefe4849269f3924cac6e33865acb8df7024da87",
    )),
    ("val", "validation/val_set_bjhfy68.zip", "bhRY5B9zS2", 1_028_644_777, (
        "007a96f8e15055e370adaa3b7e8ca9e3b76abd269f677bc33808fc739401ce49",
        "c138b73f87f952008fe21b18466bc924d539532fd348c9a7e775761c27294591",
        "ed1549f54ddc5b4cf71d89743888daacde11f28616e52d9b5133bccf2f9fd0b1",
    )),
    ("test", "test/test_set_xsaft57.zip", "ds6Kvdus3o", 596_691_542, (
        "3578d6890bb9e0846d6f27c625db05a0ab94144f5c732c3b1ce35b94552d8e81",
        "9b8ff4ffa53a38d889de011f4537d801812ee69c35fe27958d142256f3c14aa1",
        "9124e715ae33722d8a0acbae620f73bca9893712fa6633e42d6e2716612fc9ff",
    )),
)  # fmt: skip
_TABLES = (
    RemoteFile("SignList_ClassId_TR_EN.csv", _CLASSES),
    RemoteFile(
        "train_labels.csv",
        _TRAIN_LABELS,
        sizes=(653_817,),
        sha256=("13ab78789655d5ccde3a056968bc3c3433002a459d9ae383822bab5223e7b86c",),
    ),
    RemoteFile(
        "validation_labels.csv",
        f"{_LABELS}autsl_validation_labels.csv",
        sizes=(102_264,),
        sha256=("12e74248fb6199ad41fa58aa85b151966e6da31912ec109b790c6c6d627c773b",),
    ),
    RemoteFile("test_labels.csv", f"{_LABELS}autsl_test_labels.csv", about_bytes=86_676),
)
#: Sizes are those of the archives on the host before this one.
_POSE_BYTES = {"holistic": 14_820_092_818, "openpose": 0}
VIDEO_BYTES = sum((len(checksums) - 1) * _PIECE_BYTES + last for *_, last, checksums in _ARCHIVES)


def files_of(variant: str) -> tuple[Wanted, ...]:
    """What a variant is made of: the tables, and the archives of videos or of poses."""
    if variant == "videos":
        return (*_TABLES, *(_video_archive(*archive) for archive in _ARCHIVES))
    poses = RemoteFile(f"{variant}.tar.gz", f"{_POSES}{variant}/autsl.tar.gz", about_bytes=_POSE_BYTES[variant])
    return (*_TABLES, RemoteArchive((poses,), into=variant))


def _video_archive(into: str, path: str, password: str, last: int, checksums: tuple[str, ...]) -> RemoteArchive:
    sizes = [_PIECE_BYTES] * (len(checksums) - 1) + [last]
    pieces = zip(sizes, checksums, strict=True)
    name = path.rpartition("/")[2]
    parts = (
        RemoteFile(f"{name}.{n:03}", f"{HOST}{path}.{n:03}", sizes=(size,), sha256=(checksum,))
        for n, (size, checksum) in enumerate(pieces, 1)
    )
    return RemoteArchive(tuple(parts), into=into, password=password)
