"""Pack a sample for the model: tensors in ``inputs``, facts in ``data_samples``.

Which keys a sample may have for the model, and as what, says
:data:`mmcxr.datasets.batch_keys.KEYS`. ``V`` views or crops, ``C`` classes.
Segmentation packs with ``mmseg.PackSegInputs``.
"""

from collections.abc import Sequence

import numpy as np
import torch
from mmcv.transforms import BaseTransform
from mmengine.structures import BaseDataElement

from mmcxr.datasets.batch_keys import KEYS, Texts, Words
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


@TRANSFORMS.register_module()
class PackStudy(BaseTransform):
    """Pack the films and texts of a study.

    Required key: ``img``, (V, H, W) uint8 or one film (H, W), or ``crops`` of
    ``MultiCrop``; taken where present: ``gt_label`` (C,), and all of the table of keys.

    Result: ``inputs.image`` (V, 1, H, W) or (1, H, W) uint8, of crops as
    ``MultiCrop`` says, the other keys as tensors (token ids of T texts as T
    tensors of unequal length); ``data_samples.gt_label`` (C,) float32; ``texts`` and
    the rest as metainfo.

    Args:
        meta_keys: keys to carry as metainfo where the sample has them.
    """

    left_out: tuple[type, ...] = ()  # kinds of keys that are not taken

    def __init__(self, meta_keys: Sequence[str] = (*META_KEYS, 'texts')):
        self.meta_keys = tuple(meta_keys)

    def transform(self, results: dict) -> dict:
        """Pack."""
        inputs = _inputs(results, self.left_out)
        sample = _data_sample(results, self.meta_keys)
        return dict(inputs=inputs, data_samples=sample)

    def __repr__(self) -> str:
        return f'{type(self).__name__}(meta_keys={self.meta_keys})'


@TRANSFORMS.register_module()
class PackFilm(PackStudy):
    """Pack one film, or the crops of one, with its labels: ``PackStudy`` without texts.

    Args:
        meta_keys: keys to carry as metainfo where the sample has them.
    """

    left_out = (Texts, Words)

    def __init__(self, meta_keys: Sequence[str] = META_KEYS):
        super().__init__(meta_keys)

    def transform(self, results: dict) -> dict:
        """Pack."""
        packed = super().transform(results)
        if 'img' in results and packed['inputs']['image'].ndim != 3:
            raise ValueError(
                f'PackFilm packs one film (H, W), got {results["img"].shape} for '
                f'{results.get("image")!r}; PackStudy packs a stack of views'
            )
        return packed


def _inputs(results: dict, left_out: tuple[type, ...]) -> dict:
    """Tensors of those keys of the table that the sample has."""
    found = dict(results)
    found['image'] = found.pop('img', None)
    if len(found.get('crops', ())) == 1:
        (found['image'],) = found.pop('crops')
        if 'crop_jitter' in found:
            (found['jitter'],) = found.pop('crop_jitter')
    if found['image'] is None and 'crops' not in found:
        raise KeyError('img')
    name = results.get('image')
    return {
        key: kind.pack(found[key], name)
        for key, kind in KEYS.items()
        if found.get(key) is not None and not isinstance(kind, left_out)
    }


def _data_sample(results: dict, meta_keys: Sequence[str]) -> BaseDataElement:
    sample = BaseDataElement()
    for key in meta_keys:
        if key in results:  # set_metainfo would copy each value, deep: 0.1 ms
            sample.set_field(results[key], key, field_type='metainfo')
    if 'gt_label' in results:
        label = np.array(results['gt_label'], dtype=np.float32)
        sample.set_field(torch.from_numpy(label), 'gt_label')
    return sample
