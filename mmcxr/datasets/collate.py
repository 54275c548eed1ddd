"""Batch packed samples.

``B`` samples, ``V`` views, ``T`` texts, ``L`` tokens of the longest text.
"""

from collections.abc import Sequence

import torch
from torch.nn.utils.rnn import pad_sequence

from mmcxr.registry import FUNCTIONS


@FUNCTIONS.register_module()
def collate_studies(data_batch: Sequence[dict], pad_token_id: int = 0) -> dict:
    """Stack films and pad texts to the longest of the batch.

    Args:
        data_batch: what ``PackStudy`` or ``PackFilm`` give.
        pad_token_id: fills ``input_ids`` on the right.

    Returns:
        ``inputs`` with ``image`` (B, V, 1, H, W) or (B, 1, H, W) uint8 and, of samples
        with texts, ``input_ids`` and ``attention_mask`` (B, T, L) int64;
        ``data_samples``, a list of B.

    Raises:
        ValueError: films of unequal size, or unequal numbers of texts.
    """
    samples = [sample['data_samples'] for sample in data_batch]
    packed = [sample['inputs'] for sample in data_batch]
    images = [inputs['image'] for inputs in packed]
    _refuse_unequal('film', [tuple(image.shape) for image in images], samples)
    inputs = dict(image=torch.stack(images))
    numbers = [len(sample.get('input_ids', ())) for sample in packed]
    _refuse_unequal('number of texts', numbers, samples)
    if numbers[0]:
        texts = [ids for sample in packed for ids in sample['input_ids']]
        inputs.update(_pad(texts, numbers[0], pad_token_id))
    _share_labels(samples)
    return dict(inputs=inputs, data_samples=samples)


def _pad(texts: list[torch.Tensor], num_texts: int, pad_token_id: int) -> dict:
    input_ids = pad_sequence(texts, batch_first=True, padding_value=pad_token_id)
    lengths = torch.tensor([len(ids) for ids in texts])
    attention_mask = (torch.arange(input_ids.shape[1]) < lengths[:, None]).long()
    return dict(
        input_ids=input_ids.unflatten(0, (-1, num_texts)),
        attention_mask=attention_mask.unflatten(0, (-1, num_texts)),
    )


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
