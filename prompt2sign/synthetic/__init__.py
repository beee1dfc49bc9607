"""A procedural signer: invented signs, true 3D joints, and (with the `render` extra) pictures of them.

World axes, everywhere in this package: metres, origin where the neck joint of an upright signer is (the middle of
the shoulders), x to the right of the picture (the signer's left), y up, z towards the camera.
"""
