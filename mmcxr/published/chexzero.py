"""Published CheXzero files to :class:`CXRCLIP` with CLIP's two towers.

https://github.com/rajpurkarlab/CheXzero: ``best_64_5e-05_original_22000_0.864.pt`` and
nine others, and the copy that cxrlearn calls ``chexzero.pt``. Each is OpenAI's CLIP
ViT-B/32, fine-tuned, as one flat state dict, perhaps in half precision.
"""

from typing import Any

from torch import Tensor

from .ledger import ConversionError, weights_in
from .openai_clip import clip_name, convert_clip, is_clip

NAME = 'chexzero'
VARIANTS = ('vit_b32',)
# Grey values of 0..255 that its code subtracts and divides by.
_MEAN, _STD = 101.48761, 83.43944
# Wider CLIPs are of others (WhyXrayCLIP's ViT-L/14), with another activation.
_MAX_WIDTH = 768


def recognise(checkpoint: Any) -> str | None:
    """``'vit_b32'`` where this is a CLIP with a vision transformer of at most 768.

    The keys are those of any such CLIP, OpenAI's own included: whether its weights
    were fine-tuned on films nobody can tell from the file.
    """
    weights = weights_in(checkpoint)
    if not is_clip(weights):
        return None
    try:
        name = clip_name(weights)
    except ConversionError:
        return 'vit'
    wide = len(weights['visual.conv1.weight']) > _MAX_WIDTH
    return None if wide else name


def convert(checkpoint: Any) -> tuple[dict[str, Tensor], dict]:
    """Map a published file to our names.

    Returns:
        The state dict, and ``info``: ``system``, ``variant``, ``task``, ``vit``,
        ``text_encoder`` (values of a ``CLIPTextConfig``) and ``embed_dims`` (see
        :func:`mmcxr.published.openai_clip.convert_clip`), ``fit_size`` (the square a
        film is fitted into), ``image_size``, ``mean``, ``std``, ``dropped``.

    Raises:
        ConversionError: it is no such file, or keys are missing or unknown.
    """
    variant = recognise(checkpoint)
    if variant is None:
        raise ConversionError(f'{NAME}: this is no CheXzero checkpoint')
    ledger, found = convert_clip(checkpoint, NAME, 'image_backbone.', 'text_backbone.')
    ledger.move('logit_scale', 'logit_scale')
    info = dict(system=NAME, variant=variant, task='pretraining', **found)
    info |= dict(
        fit_size=320,
        image_size=found['vit']['img_size'],
        mean=[_MEAN / 255] * 3,
        std=[_STD / 255] * 3,
    )
    return ledger.close(), dict(info, dropped=ledger.dropped)
