"""Everything a CXR-CLIP fixture stores, computed by our model."""

import numpy as np
import torch


def outputs(model, manifest: dict, weights) -> dict[str, torch.Tensor]:
    """Outputs by the names of the fixture.

    Args:
        model: of load_published, in eval mode.
        manifest: of the fixture.
        weights: its module of weights and images.
    """
    inputs = manifest['inputs']
    return single_outputs(model, inputs, weights) | loss_outputs(
        model, inputs['loss_batch'], weights
    )


@torch.no_grad()
def single_outputs(model, inputs, weights):
    images, texts = films(weights, inputs['images']), tokens(inputs['text_tokens'])
    found = dict(
        image_features=model.extract_feat(images),
        text_features=model.text_backbone(*texts),
        image_embeddings=model.encode_image(images),
        text_embeddings=model.encode_text(*texts),
        logit_scale=model.scale(),
    )
    cosines = found['image_embeddings'] @ found['text_embeddings'].T
    return found | dict(logits_per_image=model.scale() * cosines)


def loss_outputs(model, batch, weights):
    """Losses of the training mode; encoders stay in eval mode, as in the fixture."""
    views = [films(weights, batch[name]) for name in ('images', 'image_views')]
    texts = [tokens(batch[name]) for name in ('text_tokens', 'text_tokens2')]
    ids, masks = (torch.stack(part, dim=1) for part in zip(*texts, strict=True))
    inputs = dict(image=torch.stack(views, 1), input_ids=ids, attention_mask=masks)
    model.requires_grad_(False)
    model.logit_scale.requires_grad_(True)
    losses = model(inputs, mode='loss')
    losses['loss'].backward()
    with torch.no_grad():
        encoded = model.encode(inputs)
    images, texts = encoded.image_embeds, encoded.text_embeds
    found = {f'loss_{name}': losses[name] for name in ('i2t', 't2i', 'icl', 'tcl')}
    found |= dict(
        loss_total=losses['loss'],
        loss_contrastive=losses['loss'],
        loss_grad_logit_scale=model.logit_scale.grad,
        loss_image_embeddings=images[:, 0],
        loss_image_view_embeddings=images[:, 1],
        loss_text_embeddings=texts[:, 0],
        loss_text_embeddings2=texts[:, 1],
    )
    model.label_smoothing = 0.1
    found['loss_total_label_smoothing_0.1_eval'] = model.loss(encoded, inputs)['loss']
    model.training = True  # the flag of the loss alone
    found['loss_total_label_smoothing_0.1'] = model.loss(encoded, inputs)['loss']
    model.training, model.label_smoothing = False, 0.0
    model.image_weight = model.text_weight = 0.0
    found['loss_total_clip_config'] = model.loss(encoded, inputs)['loss']
    return found


def films(weights, recipe):
    image = weights.make_image(**recipe['make_image'])
    scale, offset = (
        np.float32(recipe[name]).reshape(-1, 1, 1, 1) for name in ('scale', 'offset')
    )
    return torch.from_numpy(image * scale + offset)


def tokens(recipe):
    return tuple(torch.tensor(recipe[name]) for name in ('input_ids', 'attention_mask'))
