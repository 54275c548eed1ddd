"""Patches against naive loops."""

import torch

from mmcxr.models.losses import (
    normalise_patches,
    patch_errors,
    patches_at,
    patchify,
    unpatchify,
)

B, ROWS, COLUMNS, SIDE = 2, 3, 5, 4
IMAGES = torch.randn(B, 3, ROWS * SIDE, COLUMNS * SIDE)


def naive(images):
    """Values of a patch run over row, column and channel."""
    patches = []
    for image in images:
        for top in range(0, image.shape[1], SIDE):
            for left in range(0, image.shape[2], SIDE):
                patches.append(
                    [
                        image[c, top + y, left + x]
                        for y in range(SIDE)
                        for x in range(SIDE)
                        for c in range(3)
                    ]
                )
    return torch.tensor(patches).view(len(images), -1, 3 * SIDE * SIDE)


def test_patchify():
    patches = patchify(IMAGES, SIDE)
    assert torch.equal(patches, naive(IMAGES))
    assert torch.equal(unpatchify(patches, SIDE, (ROWS, COLUMNS)), IMAGES)


def test_chosen_patches():
    numbers = torch.stack([torch.randperm(ROWS * COLUMNS)[:7] for _ in range(B)])
    found = patches_at(IMAGES, numbers, SIDE)
    every = patchify(IMAGES, SIDE)
    expected = torch.stack([every[b, numbers[b]] for b in range(B)])
    assert torch.equal(found, expected)


def test_normalised_patches():
    patches = 3 + 2 * torch.randn(2, 5, 12)
    normalised, mean, std = normalise_patches(patches)
    for b in range(2):
        for n in range(5):
            values = patches[b, n]
            centre = sum(values) / 12
            variance = sum((v - centre) ** 2 for v in values) / 11
            expected = (values - centre) / (variance + 1e-6) ** 0.5
            torch.testing.assert_close(normalised[b, n], expected)
    torch.testing.assert_close(normalised * std + mean, patches)
    flat = torch.ones(1, 1, 12)  # without the small number it would divide 0 by 0
    assert torch.equal(normalise_patches(flat)[0], torch.zeros(1, 1, 12))


def test_errors():
    pixels, targets = torch.randn(2, 5, 12), torch.randn(2, 5, 12)
    raw = patch_errors(pixels, targets, norm_pix=False)
    expected = torch.stack(
        [
            (p - t).pow(2).mean()
            for p, t in zip(pixels.flatten(0, 1), targets.flatten(0, 1), strict=True)
        ]
    )
    torch.testing.assert_close(raw, expected.view(2, 5))
    normed = patch_errors(pixels, targets, norm_pix=True)
    expected = patch_errors(pixels, normalise_patches(targets)[0], norm_pix=False)
    torch.testing.assert_close(normed, expected)
    # A film made brighter or of more contrast asks for the same pixels.
    again = patch_errors(pixels, 5 * targets - 2, norm_pix=True)
    torch.testing.assert_close(normed, again)
