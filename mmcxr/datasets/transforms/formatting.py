"""Pack a sample for the model: tensors in ``inputs``, facts in ``data_samples``.

``V`` views, ``T`` texts, ``L`` tokens, ``N`` patches, ``C`` classes.
Segmentation packs with ``mmseg.PackSegInputs``.
"""

from collections.abc import Sequence

import numpy as np
import torch
from mmcv.transforms import BaseTransform
from mmengine.structures import BaseDataElement

from mmcxr.datasets.films.deferred_film import DeferredFilm, decoded
from mmcxr.registry import TRANSFORMS

META_KEYS = (
    'dataset',
    'patient_id',
    'study_id',
    'image',
    'view',
    'img_path',
    'ori_shape',
    'img_shape',
    'sample_idx',
)
#: Token ids as the model reads them, and as it should have read them.
TOKEN_KEYS = ('input_ids', 'target_ids')
#: Numbers drawn for a sample that the device uses.
FLOAT_KEYS = ('patch_noise', 'jitter')


@TRANSFORMS.register_module()
class PackFilm(BaseTransform):
    """Pack one film with its labels.

    Required keys: ``img`` (H, W) uint8; taken where present: ``gt_label`` (C,),
    ``jitter`` (3,).

    Result: ``inputs.image`` (1, H, W) uint8, ``inputs.jitter`` (3,) float32;
    ``data_samples.gt_label`` (C,) float32; the rest as metainfo.

    Args:
        meta_keys: keys to carry as metainfo where the sample has them.
    """

    def __init__(self, meta_keys: Sequence[str] = META_KEYS):
        self.meta_keys = tuple(meta_keys)

    def transform(self, results: dict) -> dict:
        """Pack."""
        image = _film_tensor(results['img'], results)
        if image.ndim != 2:
            raise ValueError(
                f'PackFilm packs one film (H, W), got {tuple(image.shape)} for '
                f'{results.get("image")!r}; PackStudy packs a stack of views'
            )
        inputs = dict(image=image[None], **_floats(results, 'jitter'))
        sample = _data_sample(results, self.meta_keys)
        return dict(inputs=inputs, data_samples=sample)

    def __repr__(self) -> str:
        return f'{type(self).__name__}(meta_keys={self.meta_keys})'


@TRANSFORMS.register_module()
class PackStudy(BaseTransform):
    """Pack the films and texts of a study.

    Required keys: ``img``, (V, H, W) uint8 or one film (H, W); taken where present:
    ``input_ids`` and ``target_ids`` (T arrays of token ids each), ``patch_noise``
    (N,), ``jitter`` (V, 3) or (3,), ``texts`` (T strings), ``gt_label`` (C,).

    Result: ``inputs.image`` (V, 1, H, W) or (1, H, W) uint8, ``inputs.input_ids``
    and ``inputs.target_ids`` T int64 tensors (L,) of unequal length,
    ``inputs.patch_noise`` (N,) and ``inputs.jitter`` float32;
    ``data_samples.gt_label`` (C,) float32; ``texts`` and the rest as metainfo.

    Args:
        meta_keys: keys to carry as metainfo where the sample has them.
    """

    def __init__(self, meta_keys: Sequence[str] = (*META_KEYS, 'texts')):
        self.meta_keys = tuple(meta_keys)

    def transform(self, results: dict) -> dict:
        """Pack."""
        image = _film_tensor(results['img'], results)
        inputs = dict(image=image.unsqueeze(-3))
        for key in TOKEN_KEYS:
            if key in results:
                inputs[key] = [
                    torch.as_tensor(np.array(ids, dtype=np.int64))
                    for ids in results[key]
                ]
        inputs.update(_floats(results, *FLOAT_KEYS))
        sample = _data_sample(results, self.meta_keys)
        return dict(inputs=inputs, data_samples=sample)

    def __repr__(self) -> str:
        return f'{type(self).__name__}(meta_keys={self.meta_keys})'


def _floats(results: dict, *keys: str) -> dict[str, torch.Tensor]:
    """Float32 tensors of those keys that the sample has."""
    arrays = {k: np.array(results[k], np.float32) for k in keys if k in results}
    return {key: torch.from_numpy(array) for key, array in arrays.items()}


def _film_tensor(film: np.ndarray | DeferredFilm, results: dict) -> torch.Tensor:
    """(H, W) or (V, H, W) uint8."""
    film = decoded(film)
    if film.dtype != np.uint8 or film.ndim not in (2, 3):
        raise ValueError(
            'films travel as one channel of uint8, (H, W) or (V, H, W); '
            f'{results.get("image")!r} is {film.dtype} {film.shape}. Read it with '
            'LoadFilm and leave normalising to the data preprocessor'
        )
    return torch.from_numpy(np.ascontiguousarray(film))


def _data_sample(results: dict, meta_keys: Sequence[str]) -> BaseDataElement:
    sample = BaseDataElement()
    for key in meta_keys:
        if key in results:  # set_metainfo would copy each value, deep: 0.1 ms
            sample.set_field(results[key], key, field_type='metainfo')
    if 'gt_label' in results:
        label = np.array(results['gt_label'], dtype=np.float32)
        sample.set_field(torch.from_numpy(label), 'gt_label')
    return sample
