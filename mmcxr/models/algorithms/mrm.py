"""MRM: masked record modelling of films and their reports.

https://arxiv.org/abs/2301.13155. The encoder sees a quarter of the patches of a
film at half its resolution. From them the film is restored at full resolution, and
the masked words of its report with the mean of the visible patches in view.

Shapes: B pairs, N patches of which K are visible and M masked, L tokens, D channels
of the encoder, P = 3 p p values of a patch at full resolution.
"""

import math

import torch
from mmengine.structures import BaseDataElement
from torch import Tensor, nn
from torch.nn import functional as F

from mmcxr.models.losses.pixels import (
    normalise_patches,
    patch_errors,
    patches_at,
    patchify,
    unpatchify,
)
from mmcxr.models.losses.tokens import (
    TOKENS,
    loss_tokens,
    mean_of_all_ranks,
    token_errors,
)
from mmcxr.models.necks.pooling import pool_features
from mmcxr.registry import MODELS

from .method import Encoded, EncoderSpec, Method, preprocessing_of
from .predictions import fill_samples


@MODELS.register_module()
class MRM(Method):
    """One encoder and two decoders.

    Args:
        backbone: a :class:`MaskedViT`; published ViT-B/16 at 224 px.
        image_decoder: a :class:`PixelDecoder`; published for patches of 32 px, so
            that films of 448 px are restored.
        report_model: a :class:`ReportModel`.
        mask_ratio: share of patches left out; published 0.75.
        norm_pix: restore patches with their own mean and variance taken out.
        loss_on: tokens that carry the report's loss: ``'masked'``, as the paper says;
            ``'all'``, visible ones and padding too, as the released code does;
            ``'non_pad'``. Only these are projected to the vocabulary.
        image_weight: of the image's loss; published 1.
        report_weight: of the report's loss; published 1.
        antialias: blur before the film is halved. The published weights were trained
            without, on a torchvision whose resizing did not; on today's, the released
            code would blur.
        data_preprocessor: see :class:`FilmPreprocessor`.
        init_cfg: initialiser of mmengine.

    Raises:
        ValueError: an option has a value that does not exist or does not fit.
    """

    def __init__(
        self,
        backbone: dict,
        image_decoder: dict,
        report_model: dict,
        mask_ratio: float = 0.75,
        norm_pix: bool = True,
        loss_on: str = 'masked',
        image_weight: float = 1.0,
        report_weight: float = 1.0,
        antialias: bool = False,
        data_preprocessor: dict | nn.Module | None = None,
        init_cfg: dict | list[dict] | None = None,
    ):
        super().__init__(data_preprocessor, init_cfg)
        if loss_on not in TOKENS:
            raise ValueError(f'loss_on is {loss_on!r}; it must be one of {TOKENS}')
        self.backbone = MODELS.build(backbone)
        self.image_decoder = MODELS.build(image_decoder)
        self.report_model = MODELS.build(report_model)
        self.condition = nn.Linear(
            self.backbone.embed_dims, self.report_model.embed_dims
        )
        grids = tuple(self.backbone.patch_resolution), self.image_decoder.grid
        if grids[0] != grids[1]:
            raise ValueError(
                f'the backbone has a grid of {grids[0]} patches, the image decoder of '
                f'{grids[1]}'
            )
        patches = self.backbone.num_patches
        self.num_visible = round(patches * (1 - mask_ratio))
        if not 0 < self.num_visible < patches:
            raise ValueError(
                f'mask_ratio {mask_ratio} leaves {self.num_visible} of {patches} '
                'patches visible; some must be, and not all'
            )
        self.norm_pix = norm_pix
        self.loss_on = loss_on
        self.image_weight, self.report_weight = image_weight, report_weight
        self.antialias = antialias

    def init_weights(self) -> None:
        """Draw or read the weights of all parts."""
        nn.init.xavier_uniform_(self.condition.weight)
        nn.init.zeros_(self.condition.bias)
        super().init_weights()

    def extract_feat(self, images: Tensor) -> Tensor:
        """Mean of all patches after the last block, no final norm; what is probed.

        Args:
            images: (B, 3, H, W) at the encoder's resolution, published 224.

        Returns:
            (B, D).
        """
        return pool_features(self.backbone(images), 'avg')

    @classmethod
    def encoder_spec(cls, config: dict) -> EncoderSpec:
        """A plain vision transformer, probed before the last norm.

        The drop path and the head's norm are those of MRM's and MAE's fine-tuning.
        """
        names = ('arch', 'img_size', 'patch_size')
        backbone = config['backbone']
        return EncoderSpec(
            backbone=dict(
                type='mmpretrain.VisionTransformer',
                **{name: backbone[name] for name in names if name in backbone},
                final_norm=False,
                out_type='featmap',
                drop_path_rate=0.1,
            ),
            preprocessing=preprocessing_of(config),
            head=dict(norm=True, init_std=2e-5),
            left_out=('ln1.*',),
        )

    def loss(
        self,
        encoded: Encoded,
        inputs: dict,
        data_samples: list[BaseDataElement] | None = None,
    ) -> dict[str, Tensor]:
        """Both losses, weighted, ``loss_image`` and ``loss_report``.

        Raises:
            ValueError: inputs are missing or misshapen.
        """
        latent, order = encoded.image_tokens, encoded.masks
        patches = self._patch_errors(inputs['image'], latent, order)
        tokens, chosen = self._token_errors(inputs, latent)
        report = mean_of_all_ranks(tokens.sum(), chosen.sum())
        return dict(
            loss_image=self.image_weight * patches.mean(),
            loss_report=self.report_weight * report,
        )

    def encode(self, inputs: dict) -> Encoded:
        """Latent tokens of the visible patches, and the order of all patches.

        Args:
            inputs: ``image`` float (B, 3, H, W) at full resolution; ``patch_noise``
                float32 (B, N), whose K smallest values name the visible patches, drawn
                here where it is missing. For the report also ``input_ids`` (masked),
                ``target_ids`` and ``attention_mask`` int64 (B, L) or (B, 1, L), and
                ``token_counts``, see :func:`collate_studies`, without which the host
                waits for the device to tell them.

        Returns:
            ``image_tokens`` (B, 1 + K, D) after the final norm, class token first;
            ``masks`` (B, N) int64, the numbers of all patches, visible ones first.
        """
        image = self._checked(inputs['image'])
        noise = inputs.get('patch_noise')
        if noise is None:
            size = len(image), self.backbone.num_patches
            noise = torch.rand(size, device=image.device)
        order = noise.argsort(dim=1, stable=True)
        low = self.low_resolution(image)
        visible = order[:, : self.num_visible]
        return Encoded(
            image_tokens=self.backbone.encode_visible(low, visible), masks=order
        )

    def low_resolution(self, images: Tensor) -> Tensor:
        """What the encoder sees of films at full resolution."""
        return F.interpolate(
            images,
            size=tuple(self.backbone.img_size),
            mode='bicubic',
            align_corners=False,
            antialias=self.antialias,
        )

    def film_vector(self, latent: Tensor) -> Tensor:
        """What the report model knows of the film: (B, 1 + K, D) to (B, C)."""
        return self.condition(latent[:, 1:].mean(dim=1))

    def predict(
        self,
        encoded: Encoded,
        inputs: dict,
        data_samples: list[BaseDataElement] | None = None,
    ) -> list[BaseDataElement]:
        """Fill data samples with the losses of each pair, on the CPU.

        Fields: ``image_loss``, unweighted mean over the masked patches, and
        ``image_chance``, that of filling each with its own mean; ``report_loss``, mean
        over the ``report_tokens`` tokens that carry loss (NaN where there are none),
        and ``report_chance``, that of all words being alike.
        """
        image = inputs['image']
        latent, order = encoded.image_tokens, encoded.masks
        tokens, chosen = self._token_errors(inputs, latent)
        counts = chosen.sum(dim=1)
        words = self.report_model.decoder.out_features
        fields = dict(
            image_loss=self._patch_errors(image, latent, order).mean(dim=1),
            image_chance=self._flat_errors(image, order).mean(dim=1),
            report_loss=tokens.sum(dim=1) / counts,
            report_chance=torch.full_like(tokens[:, 0], math.log(words)),
            report_tokens=counts,
        )
        return fill_samples(data_samples, fields)

    def tensor(self, inputs: dict) -> dict[str, Tensor]:
        """Everything computed, see :meth:`reconstruct`."""
        return self.reconstruct(inputs)

    @torch.no_grad()
    def reconstruct(self, inputs: dict) -> dict[str, Tensor]:
        """Restored films and reports, for pictures and comparisons.

        Returns:
            - ``latent``, ``order``: see :meth:`encode`.
            - ``pixels``: (B, N, P), what is predicted for all patches, row by row.
            - ``film``: (B, 3, H, W), the film with its masked patches replaced by
              what is predicted; with ``norm_pix`` they are given the mean and
              variance of the true patches, which the model does not predict.
            - ``seen``: (B, 3, H, W), the film with its masked patches set to 0.
            - with ``input_ids`` also ``condition`` (B, C), ``logits`` (B, L, words)
              and ``report_ids`` (B, L), the report with its masked tokens replaced
              by the likeliest.
        """
        encoded = self.encode(inputs)
        latent, order = encoded.image_tokens, encoded.masks
        image, decoder = inputs['image'], self.image_decoder
        pixels = decoder.restore(latent, order)
        true = patchify(image, decoder.patch_size)
        _, mean, std = normalise_patches(true)
        filled = pixels * std + mean if self.norm_pix else pixels
        masked = order.argsort(dim=1).unsqueeze(-1) >= self.num_visible  # (B, N, 1)
        parts = dict(film=torch.where(masked, filled, true), seen=true * ~masked)
        found = dict(latent=latent, order=order, pixels=pixels)
        for name, patches in parts.items():
            found[name] = unpatchify(patches, decoder.patch_size, decoder.grid)
        if 'input_ids' in inputs:
            ids, targets, attended = self._tokens(inputs)
            found['condition'] = self.film_vector(latent)
            hidden = self.report_model(ids, attended, found['condition'])
            found['logits'] = self.report_model.predict(hidden)
            likeliest = found['logits'].argmax(dim=-1)
            found['report_ids'] = torch.where(ids != targets, likeliest, ids)
        return found

    def _patch_errors(self, image: Tensor, latent: Tensor, order: Tensor) -> Tensor:
        """Errors of the masked patches, (B, M)."""
        pixels = self.image_decoder(latent, order)
        return patch_errors(pixels, self._targets(image, order), self.norm_pix)

    def _flat_errors(self, image: Tensor, order: Tensor) -> Tensor:
        """Errors of masked patches that are filled with their own mean, (B, M)."""
        targets = self._targets(image, order)
        flat = targets.mean(dim=-1, keepdim=True) * (not self.norm_pix)
        return patch_errors(flat, targets, self.norm_pix)

    def _targets(self, image: Tensor, order: Tensor) -> Tensor:
        masked = order[:, self.num_visible :]
        return patches_at(image, masked, self.image_decoder.patch_size)

    def _token_errors(self, inputs: dict, latent: Tensor) -> tuple[Tensor, Tensor]:
        """Errors of the tokens, 0 of those that carry no loss, and which do; (B, L)."""
        ids, targets, attended = self._tokens(inputs)
        hidden = self.report_model(ids, attended, self.film_vector(latent))
        chosen = loss_tokens(self.loss_on, ids, targets, attended)
        hidden, words = hidden.flatten(0, 1), targets.flatten()
        if self.loss_on == 'all':
            errors = token_errors(self.report_model.predict(hidden), words)
            return errors.view_as(chosen), chosen
        count = inputs.get('token_counts', {}).get(self.loss_on)
        places = _places(chosen.flatten(), count)
        errors = token_errors(self.report_model.predict(hidden[places]), words[places])
        # A count that was rounded up brings tokens that carry none.
        errors = torch.where(chosen.flatten()[places], errors, 0.0)
        spread = errors.new_zeros(chosen.numel()).scatter(0, places, errors)
        return spread.view_as(chosen), chosen

    def _checked(self, image: Tensor) -> Tensor:
        rows, columns = self.image_decoder.grid
        side = self.image_decoder.patch_size
        expected = rows * side, columns * side
        if image.dim() != 4 or tuple(image.shape[2:]) != expected:
            raise ValueError(
                f'films must be (B, 3, {expected[0]}, {expected[1]}), not '
                f'{tuple(image.shape)}: the encoder has {rows} x {columns} patches, '
                f'each restored at {side} px'
            )
        return image

    def _tokens(self, inputs: dict) -> list[Tensor]:
        """Masked ids, true ids and attention mask, (B, L) each."""
        tensors = []
        for name in ('input_ids', 'target_ids', 'attention_mask'):
            if name not in inputs:
                raise ValueError(f'the batch has no {name}; MRM restores reports too')
            tokens = inputs[name]
            if tokens.dim() == 3 and tokens.shape[1] == 1:
                tokens = tokens[:, 0]
            if tokens.dim() != 2:
                raise ValueError(
                    f'{name} is {tuple(tokens.shape)}; MRM takes one report per film, '
                    '(B, L) or (B, 1, L)'
                )
            tensors.append(tokens)
        return tensors


def _places(chosen: Tensor, count: int | None) -> Tensor:
    """Numbers of the chosen tokens, in order.

    Args:
        chosen: (B L,) bool.
        count: how many there are, or more, and then others follow; None asks the
            device, and waits for it.
    """
    if count is None:
        return chosen.nonzero().squeeze(1)
    return chosen.byte().argsort(descending=True, stable=True)[:count]
