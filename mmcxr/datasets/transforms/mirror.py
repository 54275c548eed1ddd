"""Swap left and right in the texts of a mirrored film."""

from mmcv.transforms import BaseTransform

from mmcxr.datasets.texts.laterality import swap_sides
from mmcxr.registry import TRANSFORMS

from .text import study_name


@TRANSFORMS.register_module()
class MirrorText(BaseTransform):
    """Exchange left and right in the texts of a film that ``FilmFlip`` mirrored.

    Acts on ``texts`` before ``Tokenize``, by
    :func:`~mmcxr.datasets.texts.laterality.swap_sides`, or on ``input_ids`` that the
    dataset cached, which it replaces by ``mirrored_ids``.

    Required keys: ``flip``, and ``texts`` or both of ``input_ids`` and
    ``mirrored_ids``.

    Raises:
        ValueError: from :meth:`transform`: nothing says whether the film is
            mirrored, or the ids of the mirrored text are not there.
    """

    def transform(self, results: dict) -> dict:
        """Exchange the texts, or leave them."""
        if 'flip' not in results:
            raise ValueError(
                f'{study_name(results)}: nothing says whether the film is mirrored; '
                'put FilmFlip before MirrorText'
            )
        mirrored = results.pop('mirrored_ids', None)
        if 'input_ids' in results and mirrored is None:
            raise ValueError(
                f'{study_name(results)}: token ids without those of the mirrored text; '
                'put MirrorText before Tokenize, or mirrored=True in CachedTokenizer'
            )
        if results['flip']:
            if mirrored is not None:
                results['input_ids'] = mirrored
            if 'texts' in results:
                results['texts'] = [swap_sides(text) for text in results['texts']]
        return results
