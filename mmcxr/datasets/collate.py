"""Batch packed samples.

``B`` samples, ``V`` views, ``T`` texts, ``L`` tokens of the longest text, ``N``
patches.
"""

from collections.abc import Sequence

import torch
from torch.nn.functional import pad
from torch.nn.utils.rnn import pad_sequence

from mmcxr.datasets.texts import text_rows
from mmcxr.registry import FUNCTIONS

from .transforms.formatting import FLOAT_KEYS, TOKEN_KEYS

_FLOATS = dict(patch_noise='number of patches', jitter='kind of jitter')


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
        (B, T, L) int64, ``patch_noise`` (B, N) and ``jitter`` (B, V, 3) or (B, 3)
        float32; ``data_samples``, a list of B. What the host must know of the texts,
        without waiting for a device to tell:

        - with ``join_texts``, ``text_rows`` (R, L) int64, see
          :func:`~mmcxr.datasets.texts.text_rows.join_texts`.
        - with ``target_ids``, ``token_counts``: how many tokens are ``masked`` and
          how many are ``non_pad``, rounded up.

    Raises:
        ValueError: films of unequal size, unequal numbers of texts or patches, a
            text of more than ``pad_to`` tokens, or options that exclude each other.
    """
    if pad_to is not None and pad_to_multiple > 1:
        raise ValueError(
            'pad_to gives every batch one length; leave out pad_to_multiple or pad_to'
        )
    samples = [sample['data_samples'] for sample in data_batch]
    packed = [sample['inputs'] for sample in data_batch]
    images = [inputs['image'] for inputs in packed]
    _refuse_unequal('film', [tuple(image.shape) for image in images], samples)
    inputs = dict(image=torch.stack(images))
    for key in TOKEN_KEYS:
        numbers = [len(sample.get(key, ())) for sample in packed]
        _refuse_unequal('number of texts', numbers, samples)
        if numbers[0]:
            texts = [ids for sample in packed for ids in sample[key]]
            _refuse_longer(texts, numbers[0], pad_to, samples)
            padded, mask = _pad(texts, pad_token_id, pad_to, pad_to_multiple)
            inputs[key] = padded.unflatten(0, (-1, numbers[0]))
            inputs['attention_mask'] = mask.unflatten(0, (-1, numbers[0]))
    if 'target_ids' in inputs:
        masked = inputs['input_ids'] != inputs['target_ids']
        tokens = inputs['attention_mask']
        inputs['token_counts'] = dict(
            masked=_rounded_up(int(masked.sum()), count_multiple),
            non_pad=_rounded_up(int(tokens.sum()), count_multiple),
        )
    if join_texts and 'input_ids' in inputs:
        inputs['text_rows'] = _rows_of(inputs, count_multiple)
    for key in FLOAT_KEYS:
        shapes = [
            'x'.join(map(str, sample[key].shape)) if key in sample else 'none'
            for sample in packed
        ]
        _refuse_unequal(_FLOATS[key], shapes, samples)
        if key in packed[0]:
            inputs[key] = torch.stack([sample[key] for sample in packed])
    _share_labels(samples)
    return dict(inputs=inputs, data_samples=samples)


def _pad(
    texts: list[torch.Tensor], pad_token_id: int, pad_to: int | None, multiple: int
) -> tuple[torch.Tensor, torch.Tensor]:
    """Padded ids and their attention mask, (B * T, L) int64 each."""
    padded = pad_sequence(texts, batch_first=True, padding_value=pad_token_id)
    length = pad_to or _rounded_up(padded.shape[1], multiple)
    padded = pad(padded, (0, length - padded.shape[1]), value=pad_token_id)
    lengths = torch.tensor([len(ids) for ids in texts])
    return padded, (torch.arange(padded.shape[1]) < lengths[:, None]).long()


def _rounded_up(length: int, multiple: int) -> int:
    return -(-length // multiple) * multiple


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


def _refuse_unequal(what: str, values: list, samples: list) -> None:
    for value, sample in zip(values, samples, strict=True):
        if value != values[0]:
            raise ValueError(
                f'a batch needs one {what}: {samples[0].get("image")!r} has '
                f'{values[0]}, {sample.get("image")!r} has {value}'
            )


def _refuse_longer(
    texts: list[torch.Tensor], num_texts: int, pad_to: int | None, samples: list
) -> None:
    for number, ids in enumerate(texts):
        if pad_to is not None and len(ids) > pad_to:
            raise ValueError(
                f'{samples[number // num_texts].get("image")!r} has a text of '
                f'{len(ids)} tokens, more than pad_to={pad_to}; give the tokenizer '
                'the same max_length'
            )
