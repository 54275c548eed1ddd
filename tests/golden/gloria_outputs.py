"""Everything the GLoRIA fixture stores, computed by our model."""

import torch
from torch.nn import functional as F

from mmcxr.evaluation.functional.classification import standardised
from mmcxr.models.heads import GLoRIAPromptHead
from mmcxr.models.heads.gloria_prompt_head import best_words
from mmcxr.models.losses import gloria_losses, word_attention

NUM_COLUMNS = 97


def vocabulary(manifest: dict) -> str:
    """``vocab.txt`` of the stand-in word pieces, at the ids of the fixture."""
    words = {number: word for word, number in manifest['inputs']['vocabulary'].items()}
    size = manifest['state_dict'][
        'gloria.text_encoder.model.embeddings.word_embeddings.weight'
    ]['shape'][0]
    return '\n'.join(words.get(number, f'[unused{number}]') for number in range(size))


@torch.no_grad()
def outputs(model, manifest: dict, weights) -> dict[str, torch.Tensor]:
    """Outputs by the names of the fixture; the model is a ``GLoRIA``."""
    inputs = manifest['inputs']
    images = torch.from_numpy(weights.make_image(3, 3, 224, 224, seed=0))
    pooled, regions = model.encode_film(images)
    image_embeds = model.image_projection(pooled)
    captions = padded(inputs['caption_token_ids'])
    sentences, words, numbers = model.encode_words(*captions)
    columns = numbers + 1
    losses = gloria_losses(image_embeds, sentences, regions, words, columns)
    attention = word_attention(
        regions[:1].flatten(2), words[0, :, : columns[0]]
    ).unflatten(2, (19, 19))
    unit = model.encode_image(images), model.encode_text(*captions)
    torch.testing.assert_close(unit[0], F.normalize(image_embeds, dim=1))
    torch.testing.assert_close(unit[1], F.normalize(sentences, dim=1))
    return dict(
        features=model.extract_feat(images[:2]),
        img_emb_g=image_embeds,
        text_emb_g=sentences,
        text_emb_l_slice=words[:, ::32, :16],
        text_emb_l_stats=stats(words),
        global_similarity=unit[0] @ unit[1].T,
        img_emb_l_slice=regions[:, ::64, ::6, ::6],
        img_emb_l_stats=stats(regions),
        global_loss=torch.stack([losses['global_i2t'], losses['global_t2i']]),
        local_loss=torch.stack([losses['local_i2t'], losses['local_t2i']]),
        total_loss=losses['loss'],
        attention_slice=attention[0, :, ::6, ::6],
        local_loss_cap_lens=columns,
        **zero_shot(model, inputs, images, regions),
    )


def zero_shot(model, inputs, images, regions):
    ids = inputs['prompts']
    tokenizer = Given([row for rows in ids.values() for row in rows])
    prompts = {
        # Prompts of as many characters as the fixture says columns.
        name: ['x' * count for count in inputs['prompt_cap_lens'][name]]
        for name in ids
    }
    head = GLoRIAPromptHead(prompts, tokenizer, word_counts='characters').eval()
    sentences, words, numbers = head.prompt_embeds(model.encode_words, images.device)
    assert words.shape[2] == NUM_COLUMNS
    films = model.encode_image(images), regions
    number = len(ids['classA'])
    scores = model.score_prompts(images, head)
    return dict(
        zero_shot_local=best_words(regions, words, numbers)[:, :number],
        zero_shot_both=head.similarities(films, (sentences, words, numbers))[
            :, :number
        ],
        zero_shot_scores=torch.from_numpy(standardised(scores.numpy())),
    )


class Given:
    """A tokenizer whose output was written down beforehand."""

    pad_token_id = 0

    def __init__(self, ids):
        self.ids = ids

    def __call__(self, texts, max_length):
        assert max_length == NUM_COLUMNS and len(texts) == len(self.ids)
        return self.ids


def padded(ids):
    """Zero-padded to 97, and which are tokens."""
    ids = [F.pad(torch.tensor(row), (0, NUM_COLUMNS - len(row))) for row in ids]
    ids = torch.stack(ids)
    return ids, (ids > 0).long()


def stats(values):
    return torch.stack([values.mean(), values.std(correction=0)])
