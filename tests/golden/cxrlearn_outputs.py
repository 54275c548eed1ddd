"""Everything the cxrlearn fixtures of image encoders store, computed by our models.

``weights`` is the fixtures' module of weights and images, ``state_dict`` the content
of the file, ``load(state_dict)`` a model of a file that holds another one.
"""

import torch
from torch.nn import functional as F

from mmcxr.models.losses import (
    joint_contrastive_loss,
    queue_cross_entropy,
    queue_logits,
)


def films(weights, *recipe, seed):
    return torch.from_numpy(weights.make_image(*recipe, seed=seed))


def of_key_encoder(state_dict: dict, momentum: float = 1.0) -> dict:
    """The file of a model whose query encoder is the key encoder's next state.

    Parameters move by ``1 - momentum`` towards the query encoder's, buffers do not.
    """
    moved = dict(state_dict)
    for key, value in state_dict.items():
        if '_q.' in key:
            own = state_dict[key.replace('_q.', '_k.')]
            if '.running_' not in key and '.num_batches' not in key:
                own = momentum * own + (1 - momentum) * value
            moved[key] = own
    return moved


@torch.no_grad()
def momentum_contrast(model, manifest, weights, state_dict, load):
    """Fixtures ``moco_cxr``, ``moco_cxr_resnet18`` and ``medaug``."""
    images = films(weights, 2, 3, 224, 224, seed=0)
    others = films(weights, 2, 3, 224, 224, seed=2)
    features, projection = model.extract_feat(images), model.encode_image(images)
    keys = load(of_key_encoder(state_dict)).encode_image(others)
    logits = queue_logits(projection, keys, state_dict['module.queue'], 0.2)
    return dict(
        features=features,
        features_320=model.extract_feat(films(weights, 2, 3, 320, 320, seed=1)),
        projection=projection,
        info_nce=queue_cross_entropy(logits),
        cxrlearn_output=F.linear(features, *not_in_file(weights, manifest).values()),
    )


@torch.no_grad()
def s2mts2(model, manifest, weights, state_dict, load):
    images = films(weights, 2, 3, 224, 224, seed=0)
    features, projection = model.extract_feat(images), model.encode_image(images)
    # The manifest says that both pass through `classifier` twice; what it stores went
    # through once for cxrlearn's outputs, twice for the authors' projection.
    hidden = model.projection.twice(features).relu()
    head = list(not_in_file(weights, manifest).values())
    keys = load(of_key_encoder(state_dict, 0.999)).encode_image(
        films(weights, 4, 3, 224, 224, seed=3)
    )
    keys = keys.unflatten(0, (2, 2)).transpose(0, 1)  # (queries, keys of each, D)
    losses = joint_contrastive_loss(
        projection, keys, state_dict['queue'], ratio=manifest['inputs']['ratio']
    )
    return dict(
        features=features,
        features_classifier=hidden,
        cxrlearn_output=F.linear(F.linear(hidden, *head[:2]).relu(), head[2]),
        projection=projection,
        jcl_logits_slice=losses['logits'][:, :8],
        jcl_ce=losses['loss_contrastive'],
        jcl_reg=losses['loss_covariance'],
    )


@torch.no_grad()
def convirt(model, manifest, weights, state_dict, load):
    images = films(weights, 2, 3, 224, 224, seed=0)
    features = model.extract_feat(images)
    (grid,) = model.backbone(images)
    return dict(
        features=features,
        layer4_stats=moments(grid),
        layer4_slice=grid[:, ::128, ::3, ::3],
        cxrlearn_output=F.linear(features, *not_in_file(weights, manifest).values()),
    )


@torch.no_grad()
def convirt_pretrain(model, manifest, weights, state_dict, load):
    images = films(weights, 3, 3, 224, 224, seed=0)
    texts = padded(manifest['inputs']['token_ids'])
    inputs = dict(image=images, input_ids=texts[0], attention_mask=texts[1])
    image, text = model(inputs)
    found = dict(
        image_features=model.extract_feat(images),
        text_features_max=model.text_backbone(*texts),
        image_embeds=image,
        text_embeds=text,
        logits=model.scale() * image @ text.T,
        loss=model(inputs, mode='loss')['loss'],
    )
    assert model.text_backbone.pooling == 'max'
    model.text_backbone.pooling = 'mean'
    found['text_features_mean'] = model.text_backbone(*texts)
    model.text_backbone.pooling = 'max'
    return found


@torch.no_grad()
def refers(model, manifest, weights, state_dict, load):
    images = films(weights, 2, 3, 224, 224, seed=0)
    backbone = model.backbone
    attention = last_attention(backbone)
    features = model.extract_feat(images)
    backbone.out_type = 'raw'
    (tokens,) = backbone(images)
    backbone.out_type = 'cls_token'
    return dict(
        features=features,
        tokens_slice=tokens[:, ::14, ::48],
        tokens_stats=moments(tokens),
        attention_slice=attention()[:, ::4, 0, ::14],
    )


@torch.no_grad()
def refers_pretrain(model, manifest, weights, state_dict, load):
    inputs = manifest['inputs']
    views = [films(weights, 2, 3, 224, 224, seed=seed) for seed in range(3)]
    images = torch.stack(views, dim=1)
    texts, words = padded(inputs['bert_token_ids']), padded(inputs['caption_tokens'])[0]
    tokens = model.view_tokens(images)
    losses = model(
        dict(
            image=images,
            input_ids=texts[0],
            attention_mask=texts[1],
            word_ids=words,
        ),
        mode='loss',
    )
    classes = tokens[:, :, 0].flatten(1)
    gates = model.fusion.weights(tokens[:, :, 1:] + tokens[:, :, :1])
    text = model.text_projection(model.text_backbone(*texts))
    torch.testing.assert_close(model.encode_text(*texts), F.normalize(text))
    torch.testing.assert_close(model.encode_image(images), F.normalize(classes))
    torch.testing.assert_close(model.extract_feat(views[1]), classes[:, 768:1536])
    return dict(
        view_cls=classes,
        fusion_weights=gates[:, 0, :16],
        text_feature=text,
        contrastive_loss=losses['loss_matching'],
        caption_logits_slice=model.report_logits(tokens, words)[:, :, ::625],
        caption_loss=losses['loss_report'],
        loss=losses['loss_matching'] + losses['loss_report'],
    )


def not_in_file(weights, manifest) -> dict[str, torch.Tensor]:
    """Stand-ins for the heads that cxrlearn adds."""
    arrays = weights.make_state_dict(dict(state_dict=manifest['not_in_checkpoint']))
    return {key: torch.from_numpy(array) for key, array in arrays.items()}


def padded(texts):
    longest = max(map(len, texts))
    ids = torch.tensor([text + [0] * (longest - len(text)) for text in texts])
    return ids, (ids != 0).long()


def moments(values):
    return torch.stack([values.mean(), values.std(correction=0)])


def last_attention(backbone):
    """Attention of the last block in the pass that follows, by its own layers."""
    attn, kept = backbone.layers[-1].attn, []
    attn.register_forward_pre_hook(lambda module, args: kept.append(args[0]))

    def probabilities():
        qkv = attn.qkv(kept[0]).unflatten(-1, (3, attn.num_heads, -1))
        query, key, _ = qkv.permute(2, 0, 3, 1, 4)
        scores = query @ key.transpose(-1, -2) / key.shape[-1] ** 0.5
        return scores.softmax(dim=-1)

    return probabilities
