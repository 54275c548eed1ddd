"""Everything the CheXzero fixture stores, computed by our model."""

import numpy as np
import torch
from torch.nn import functional as F

from mmcxr.models.heads import PromptHead


@torch.no_grad()
def outputs(model, manifest: dict, weights) -> dict[str, torch.Tensor]:
    """Outputs by the names of the fixture; the model is a ``CXRCLIP``."""
    inputs = manifest['inputs']
    images = torch.from_numpy(weights.make_image(2, 3, 224, 224, seed=0))
    reports = padded(inputs['report_token_ids'])
    assert model.tokenizer(inputs['reports']) == inputs['report_token_ids']
    image_embeds, text_embeds = model.encode_image(images), model.encode_text(*reports)
    losses = model(
        dict(image=images, input_ids=reports[0], attention_mask=reports[1]), mode='loss'
    )
    return dict(
        features=model.extract_feat(images),
        image_tokens_pre=class_token(model.image_backbone, images),
        report_embeds=model.text_backbone(*reports),
        logits_per_image=model.scale() * image_embeds @ text_embeds.T,
        clip_loss=losses['loss'],
        **zero_shot(model, inputs, image_embeds),
        **preprocessed(model, weights),
    )


def zero_shot(model, inputs, image_embeds):
    """Pairs of prompts as a user gives them, words and all."""
    positive, negative = inputs['templates']
    prompts = {
        label: dict(pos=[positive.format(label)], neg=[negative.format(label)])
        for label in inputs['labels']
    }
    head = PromptHead(prompts, model.tokenizer).eval()
    embeds = head.prompt_embeds(model.encode_text, image_embeds.device)
    positive, negative = embeds[::2], embeds[1::2]
    for sign, ids in (('pos', 'positive'), ('neg', 'negative')):
        texts = [prompts[label][sign][0] for label in inputs['labels']]
        assert model.tokenizer(texts) == inputs[f'{ids}_token_ids']
    return dict(
        positive_weights=positive.T,
        negative_weights=negative.T,
        positive_similarity=image_embeds @ positive.T,
        negative_similarity=image_embeds @ negative.T,
        probability=head.predict(image_embeds, model.encode_text),
    )


def preprocessed(model, weights):
    raw = np.round(127 + 60 * weights.make_image(1, 1, 320, 320, seed=1))
    film = raw.clip(0, 255)[0, 0].astype(np.uint8)
    found = model.preprocess(film)
    return dict(
        preprocess_slice=found[0, 0, ::16, ::16],
        preprocess_stats=torch.stack([found.mean(), found.std(correction=0)]),
    )


def class_token(backbone, images):
    kept = []
    hook = backbone.projection.register_forward_pre_hook(
        lambda module, args: kept.append(args[0])
    )
    backbone(images)
    hook.remove()
    return kept[0]


def padded(ids):
    """Zero-padded to 77, and which are tokens."""
    ids = [F.pad(torch.tensor(row), (0, 77 - len(row))) for row in ids]
    ids = torch.stack(ids)
    ends = ids.argmax(dim=1, keepdim=True)
    return ids, (torch.arange(77) <= ends).long()
