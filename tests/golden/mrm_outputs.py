"""Everything the MRM fixtures store, computed by our models."""

import numpy as np
import torch
from torch.nn import functional as F

from mmcxr.models.losses import loss_tokens, patchify, token_errors


def pretrain_inputs(manifest: dict, weights) -> dict[str, torch.Tensor]:
    """The batch of the fixture, its masking included."""
    tokens = manifest['inputs']['token_ids']
    names = dict(input_ids='ids', target_ids='labels', attention_mask='attention_mask')
    noise = np.random.default_rng(123).random((2, 196)).astype(np.float32)
    return dict(
        image=torch.from_numpy(weights.make_image(2, 3, 448, 448, seed=11)),
        patch_noise=torch.from_numpy(noise),
        **{ours: torch.tensor(tokens[theirs]) for ours, theirs in names.items()},
    )


@torch.no_grad()
def pretrain(model, manifest: dict, weights) -> dict[str, torch.Tensor]:
    """Outputs by the names of the fixture; the model is an ``MRM`` in eval mode."""
    inputs = pretrain_inputs(manifest, weights)
    found = image_side(model, inputs) | report_side(model, inputs)
    losses = {}
    for norm_pix, name in ((True, 'norm_pix'), (False, 'raw_pix')):
        model.norm_pix, model.loss_on = norm_pix, 'all'
        losses = model(inputs, mode='loss')
        found[f'loss_image_{name}'] = losses['loss_image']
        found[f'loss_total_{name}'] = sum(losses.values())
    found['loss_report'] = losses['loss_report']
    for loss_on, name in (('masked', 'masked_only'), ('non_pad', 'no_pad')):
        model.loss_on = loss_on
        found[f'report_ce_{name}'] = model(inputs, mode='loss')['loss_report']
    return found


def image_side(model, inputs):
    encoded = model.encode(inputs)
    latent, order = encoded.image_tokens, encoded.masks
    visible = order[:, : model.num_visible]
    pixels = model.image_decoder.restore(latent, order)
    # The masked patches alone, which training decodes, are the same.
    masked = order[:, model.num_visible :]
    some = pixels.gather(1, masked.unsqueeze(-1).expand(-1, -1, pixels.shape[-1]))
    torch.testing.assert_close(model.image_decoder(latent, order), some)
    return dict(
        low_res_slice=model.low_resolution(inputs['image'])[:, :, ::32, ::32],
        mask=torch.ones(2, 196).scatter(1, visible, 0),
        ids_keep=visible,
        latent_shape=torch.tensor(latent.shape),
        latent_slice=latent[:, ::7, ::16],
        latent_mean=latent.mean(),
        latent_std=latent.std(),
        visual_condition=model.film_vector(latent),
        pred_slice=pixels[:, ::13, ::128],
        pred_mean=pixels.mean(),
        pred_std=pixels.std(),
        target_slice=patchify(inputs['image'], 32)[:, ::13, ::128],
    )


def report_side(model, inputs):
    condition = model.film_vector(model.encode(inputs).image_tokens)
    ids, mask = inputs['input_ids'], inputs['attention_mask']
    hidden = model.report_model(ids, mask, condition)
    logits = model.report_model.predict(hidden)
    for loss_on in ('masked', 'non_pad', 'all'):  # as all logits have it
        chosen = loss_tokens(loss_on, ids, inputs['target_ids'], mask)
        expected = token_errors(logits[chosen], inputs['target_ids'][chosen]).mean()
        model.loss_on = loss_on
        found = model.loss(model.encode(inputs), inputs)['loss_report']
        torch.testing.assert_close(found, expected)
    return dict(
        bert_input_slice=model.report_model.embed(ids, condition)[:, ::11, ::16],
        bert_output_slice=hidden[:, ::11, ::16],
        mlm_logits_slice=logits[:, ::11, ::997],
        mlm_logits_mean=logits.mean(),
        mlm_logits_std=logits.std(),
    )


@torch.no_grad()
def finetune(model, manifest: dict, weights) -> dict[str, torch.Tensor]:
    """Outputs of a ``FilmClassifier`` by the names of the fixture."""
    images = torch.from_numpy(weights.make_image(2, 3, 224, 224, seed=12))
    pooled = model.extract_feat(images)
    tokens = block_tokens(model.backbone, images)
    fresh = F.layer_norm(pooled, (768,), eps=1e-6)
    samples = model(dict(image=images), mode='predict')
    return dict(
        tokens_slice=tokens[:, ::28, ::16],
        pooled_pre_norm=pooled,
        features_fresh_norm=fresh,
        features=model.head.norm(pooled),
        logits=model(dict(image=images)),
        probabilities=torch.stack([sample.scores for sample in samples]),
    )


def block_tokens(backbone, images):
    """What leaves the last block, class token first."""
    kept = []
    hook = backbone.layers[-1].register_forward_hook(
        lambda module, args, output: kept.append(output)
    )
    backbone(images)
    hook.remove()
    return kept[0]
