"""Published CheXzero files to :class:`CXRCLIP` with CLIP's two towers.

https://github.com/rajpurkarlab/CheXzero: ``best_64_5e-05_original_22000_0.864.pt`` and
nine others, and the copy that cxrlearn calls ``chexzero.pt``. Each is OpenAI's CLIP
ViT-B/32, fine-tuned, as one flat state dict, perhaps in half precision.
"""

from typing import Any

from torch import Tensor

from .configs import film_preprocessor
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


def model_config(info: dict) -> dict:
    """Config of the model that the converter's ``info`` describes."""
    vit, dims = dict(info['vit']), info['embed_dims']
    size = {key: vit.pop(key) for key in ('img_size', 'patch_size')}
    resize = dict(size=[size['img_size']] * 2, mode='bicubic')
    return dict(
        type='mmcxr.CXRCLIP',
        image_backbone=dict(type='mmcxr.CLIPViT', arch=vit, **size, out_channels=dims),
        text_backbone=dict(
            type='mmcxr.CLIPTextEncoder', config=info['text_encoder'], out_channels=dims
        ),
        image_channels=dims,
        text_channels=dims,
        embed_dims=dims,
        projection=dict(type='mmcxr.NoProjection'),
        max_logit_scale=None,  # the released code sets no limit
        image_weight=0.0,
        text_weight=0.0,
        data_preprocessor=dict(film_preprocessor(info), resize=resize),
    )


def film_pipeline(info: dict) -> list[dict]:
    """The whole film in a black square; the preprocessor makes it smaller."""
    return [
        dict(
            type='mmcxr.FilmFit',
            size=info['fit_size'],
            interpolation='lanczos',
            truncate_both=True,
        )
    ]


def tokenizer(info: dict) -> dict:
    """CLIP's, whose vocabulary is installed."""
    return dict(type='mmcxr.CLIPTokenizer', name=None)
