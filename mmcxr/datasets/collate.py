"""Batch packed samples.

How each key of the samples becomes one of the batch says
:data:`mmcxr.datasets.batch_keys.KEYS`. ``B`` samples, ``V`` views or crops, ``T``
texts, ``L`` tokens of the longest text, ``N`` patches.
"""

from collections.abc import Sequence

import torch

from mmcxr.datasets.texts import text_rows
from mmcxr.registry import FUNCTIONS

from .batch_keys import KEYS, Padding, rounded_up


@FUNCTIONS.register_module()
def collate_studies(
    data_batch: Sequence[dict],
    pad_token_id: int = 0,
    pad_to: int | None = None,
    pad_to_multiple: int = 1,
    join_texts: bool = False,
    count_multiple: int = 1,
) -> dict:
    """Stack films and pad texts to the longest of the batch.

    Args:
        data_batch: what ``PackStudy`` or ``PackFilm`` give.
        pad_token_id: fills token ids on the right.
        pad_to: L, whatever the longest text; for a loss that counts padding. None:
            the longest of the batch.
        pad_to_multiple: L is rounded up to a multiple of this, so that few lengths
            occur: a compiled model is compiled anew for each.
        join_texts: tell which texts an encoder may join into one row, so that it
            computes hardly any padding: a few texts are much longer than most. No
            token sees another text, and numbers do not change.
        count_multiple: ``token_counts``, and rows of joined texts, are rounded up to
            a multiple of this, for the same reason as L.

    Returns:
        ``inputs`` with ``image`` (B, V, 1, H, W) or (B, 1, H, W) uint8 and, where the
        samples have them, ``input_ids``, ``target_ids`` and ``attention_mask``
        (B, T, L) int64, ``word_ids`` (B, L') int64, ``patch_noise`` (B, N) and
        ``jitter`` (B, V, 3) or (B, 3) float32; of crops in several groups, in place of
        ``image`` and ``jitter``, the lists ``crops`` of (B, V, 1, H, W) uint8 and
        ``crop_jitter`` of (B, V, 3); ``data_samples``, a list of B. What the host must
        know of the texts, without waiting for a device to tell:

        - with ``join_texts``, ``text_rows`` (R, L) int64, see
          :func:`~mmcxr.datasets.texts.text_rows.join_texts`.
        - with ``target_ids``, ``token_counts``: how many tokens are ``masked`` and
          how many are ``non_pad``, rounded up.

    Raises:
        ValueError: films of unequal size, unequal numbers of texts, patches or crops, a
            text of more than ``pad_to`` tokens, or options that exclude each other.
    """
    if pad_to is not None and pad_to_multiple > 1:
        raise ValueError(
            'pad_to gives every batch one length; leave out pad_to_multiple or pad_to'
        )
    samples = [sample['data_samples'] for sample in data_batch]
    names = [sample.get('image') for sample in samples]
    padding = Padding(pad_token_id, pad_to, pad_to_multiple)
    inputs = {}
    for key, kind in KEYS.items():
        values = [sample['inputs'].get(key) for sample in data_batch]
        if any(value is not None for value in values):
            _refuse_unequal(kind, values, names)
            inputs.update(kind.batch(key, values, padding, names))
    if 'target_ids' in inputs:
        masked = inputs['input_ids'] != inputs['target_ids']
        tokens = inputs['attention_mask']
        inputs['token_counts'] = dict(
            masked=rounded_up(int(masked.sum()), count_multiple),
            non_pad=rounded_up(int(tokens.sum()), count_multiple),
        )
    if join_texts and 'input_ids' in inputs:
        inputs['text_rows'] = _rows_of(inputs, count_multiple)
    _share_labels(samples)
    return dict(inputs=inputs, data_samples=samples)


def _rows_of(inputs: dict, multiple: int) -> torch.Tensor:
    """``text_rows`` of padded texts."""
    if 'target_ids' in inputs:
        raise ValueError('join_texts is for encoders of texts; MRM takes them whole')
    mask = inputs['attention_mask'].flatten(0, -2)
    return text_rows.join_texts(mask.sum(dim=1).tolist(), mask.shape[1], multiple)


def _share_labels(samples: list) -> None:
    """Let the labels of a batch share memory.

    A worker opens a file for each tensor it hands over; with one for each sample,
    large batches run into the limit of open files.
    """
    labels = [sample.gt_label for sample in samples if 'gt_label' in sample]
    if labels:
        parts = torch.cat([label.flatten() for label in labels])
        parts = parts.split([label.numel() for label in labels])
        for sample, part in zip(
            (s for s in samples if 'gt_label' in s), parts, strict=True
        ):
            sample.gt_label = part.view_as(sample.gt_label)


def _refuse_unequal(kind, values: list, names: list) -> None:
    kinds = [kind.absent if value is None else kind.kind(value) for value in values]
    for found, name in zip(kinds, names, strict=True):
        if found != kinds[0]:
            raise ValueError(
                f'a batch needs one {kind.what}: {names[0]!r} has {kinds[0]}, '
                f'{name!r} has {found}'
            )
