"""Who signs: body measures, colours and handedness of the procedural signers."""

from __future__ import annotations

from dataclasses import dataclass

Rgb = tuple[float, float, float]

#: Reach of the body that the vocabulary was written for; other signers scale its places by their own.
REFERENCE_REACH_M = 0.54


@dataclass(frozen=True, slots=True)
class Signer:
    """One invented person. Lengths in metres, colours in linear light from 0 to 1.

    Attributes:
        name: As in the sample's table.
        skin: Colour of face and hands.
        hair: Colour of hair; brows are a darker shade of it.
        shirt: Colour of torso and sleeves.
        backdrop: Colour of the wall behind, at the top of the picture.
        shoulder_width: Between the two shoulder joints.
        upper_arm: Shoulder to elbow.
        forearm: Elbow to wrist.
        hand_scale: Hand size, 1 for a palm of 9 cm.
        head_scale: Head size, 1 for a face 15 cm wide.
        girth: Thickness of torso and arms, 1 for slim.
        hair_style: `short`, `bun` or `long`.
        left_handed: The left hand leads.
    """

    name: str
    skin: Rgb
    hair: Rgb
    shirt: Rgb
    backdrop: Rgb
    shoulder_width: float = 0.356
    upper_arm: float = 0.285
    forearm: float = 0.255
    hand_scale: float = 1.0
    head_scale: float = 1.0
    girth: float = 1.0
    hair_style: str = "short"
    left_handed: bool = False

    @property
    def reach_scale(self) -> float:
        """Arm length over that of the body the vocabulary was written for."""
        return (self.upper_arm + self.forearm) / REFERENCE_REACH_M


SIGNERS = {
    signer.name: signer
    for signer in (
        Signer(
            name="anna",
            skin=(0.62, 0.40, 0.29),
            hair=(0.10, 0.045, 0.018),
            shirt=(0.045, 0.055, 0.085),
            backdrop=(0.50, 0.58, 0.62),
            shoulder_width=0.340,
            upper_arm=0.275,
            forearm=0.245,
            hand_scale=0.97,
            head_scale=0.98,
            girth=0.96,
            hair_style="bun",
        ),
        Signer(
            name="bruno",
            skin=(0.50, 0.29, 0.19),
            hair=(0.020, 0.016, 0.014),
            shirt=(0.10, 0.22, 0.13),
            backdrop=(0.62, 0.60, 0.55),
            shoulder_width=0.384,
            upper_arm=0.300,
            forearm=0.265,
            hand_scale=1.05,
            girth=1.12,
        ),
        Signer(
            name="clara",
            skin=(0.21, 0.105, 0.062),
            hair=(0.012, 0.010, 0.009),
            shirt=(0.42, 0.30, 0.10),
            backdrop=(0.42, 0.47, 0.55),
            shoulder_width=0.350,
            upper_arm=0.282,
            forearm=0.250,
            hand_scale=0.98,
            hair_style="long",
            left_handed=True,
        ),
        Signer(
            name="david",
            skin=(0.70, 0.47, 0.37),
            hair=(0.30, 0.18, 0.075),
            shirt=(0.20, 0.035, 0.045),
            backdrop=(0.36, 0.42, 0.40),
            shoulder_width=0.366,
            upper_arm=0.290,
            forearm=0.258,
            head_scale=1.03,
        ),
    )
}
