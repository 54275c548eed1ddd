import math

import pytest
import torch
from mmengine.optim import OptimWrapper
from mmengine.structures import BaseDataElement
from torch.nn import functional as F

from mmcxr.models.losses.contrastive import multi_view_clip_loss

PARTS = ('i2t', 't2i', 'icl', 'tcl')


class Words:
    """Stand-in tokenizer: [CLS], a token per word by its length, [SEP]."""

    pad_token_id = 0

    def __call__(self, texts, max_length=256):
        return [[3, *(4 + len(w) for w in t.split()), 2][:max_length] for t in texts]


def test_modes(make_clip, make_inputs):
    model, inputs = make_clip().eval(), make_inputs(studies=5, views=2, texts=3)
    images, texts = model(inputs)
    assert images.shape == (5, 2, 16)
    assert texts.shape == (5, 3, 16)
    for embeds in (images, texts):
        torch.testing.assert_close(embeds.norm(dim=-1), torch.ones(embeds.shape[:2]))
    losses = model(inputs, mode='loss')
    expected = multi_view_clip_loss(images, texts, 1 / 0.07)
    torch.testing.assert_close(losses['loss'], expected['loss'])
    with pytest.raises(ValueError, match='mode'):
        model(inputs, mode='train')


def test_loss_of_the_runner_is_the_total(make_clip, make_inputs):
    model = make_clip()
    losses = model(make_inputs(), mode='loss')
    assert set(losses) == {'loss', 'logit_scale', 'temperature', *PARTS}
    total, logged = model.parse_losses(losses)
    assert total.item() == losses['loss'].item()
    assert logged['logit_scale'].item() == pytest.approx(1 / 0.07)
    assert logged['temperature'].item() == pytest.approx(0.07)


def test_names_of_weights(make_clip):
    names = set(make_clip().state_dict())
    assert {
        'logit_scale',
        'image_backbone.conv1.weight',
        'image_backbone.layer4.1.bn2.running_var',
        'text_backbone.bert.embeddings.word_embeddings.weight',
        'text_backbone.bert.encoder.layer.0.output.LayerNorm.bias',
        'image_projection.weight',
        'text_projection.bias',
    } <= names
    tops = {name.split('.')[0] for name in names}
    assert tops == {
        'image_backbone',
        'text_backbone',
        'image_projection',
        'text_projection',
        'logit_scale',
    }


@pytest.mark.parametrize('separate', [False, True])
@pytest.mark.parametrize('kind', ['LinearProjection', 'MLPProjection'])
def test_every_parameter_learns(make_clip, make_inputs, separate, kind):
    model = make_clip(separate_passes=separate, projection=dict(type=kind)).train()
    model(make_inputs(), mode='loss')['loss'].backward()
    silent = [n for n, p in model.named_parameters() if p.grad is None]
    assert not silent
    assert model.logit_scale.grad != 0


@pytest.mark.parametrize('views', [1, 2])
def test_loss_falls(make_clip, make_inputs, views):
    model = make_clip().train()
    wrapper = OptimWrapper(torch.optim.AdamW(model.parameters(), lr=1e-3))
    batch = dict(inputs=make_inputs(studies=4, views=views), data_samples=None)
    losses = [model.train_step(batch, wrapper)['loss'].item() for _ in range(20)]
    assert losses[-1] < 0.5 * losses[0]


def test_eval_is_deterministic(make_clip, make_inputs):
    model, inputs = make_clip().eval(), make_inputs()
    for one, two in zip(model(inputs), model(inputs), strict=True):
        assert torch.equal(one, two)


def test_one_pass_equals_separate_passes(make_vit_clip, make_inputs):
    """Exact in training without batch statistics and dropout."""
    inputs = make_inputs()
    one, four = (
        make_vit_clip(dropout=0.0),
        make_vit_clip(dropout=0.0, separate_passes=True),
    )
    results = []
    for model in (one.train(), four.train()):
        losses = model(inputs, mode='loss')
        losses['loss'].backward()
        results.append((losses, {n: p.grad for n, p in model.named_parameters()}))
    (losses, grads), (other_losses, other_grads) = results
    torch.testing.assert_close(losses, other_losses)
    torch.testing.assert_close(grads, other_grads, rtol=1e-4, atol=1e-6)


def test_separate_passes_separate_batch_statistics(make_clip, make_inputs):
    inputs = make_inputs()
    inputs['image'][:, 1] *= 4  # second views unlike the first
    one, four = make_clip(dropout=0.0), make_clip(dropout=0.0, separate_passes=True)
    for pair in zip(one.eval()(inputs), four.eval()(inputs), strict=True):
        torch.testing.assert_close(*pair, rtol=1e-4, atol=1e-5)
    one.train(), four.train()
    assert not torch.allclose(one(inputs)[0], four(inputs)[0], atol=1e-2)
    steps = 'image_backbone.bn1.num_batches_tracked'
    assert four.state_dict()[steps] == 2 * one.state_dict()[steps] == 2


def test_padding_of_texts_does_not_matter(make_clip, make_inputs):
    model, inputs = make_clip().eval(), make_inputs(length=9)
    texts = model(inputs)[1]
    more = (5, 2, 13)
    inputs['input_ids'] = torch.cat([inputs['input_ids'], torch.ones(more).long()], -1)
    inputs['attention_mask'] = F.pad(inputs['attention_mask'], (0, 13))
    torch.testing.assert_close(model(inputs)[1], texts, rtol=1e-4, atol=1e-5)


def test_single_films_and_texts(make_clip, make_inputs):
    model, inputs = make_clip().eval(), make_inputs(views=1, texts=1)
    images, texts = model(inputs)
    flat = {name: value[:, 0] for name, value in inputs.items()}
    one_image, one_text = model(flat)
    torch.testing.assert_close(one_image, images[:, 0])
    torch.testing.assert_close(one_text, texts[:, 0])
    torch.testing.assert_close(model(flat, mode='loss'), model(inputs, mode='loss'))
    assert model(dict(image=flat['image']))[1] is None


def test_scale_is_held_at_its_limit_and_comes_back(make_vit_clip):
    model = make_vit_clip(max_logit_scale=20.0).train()
    model.logit_scale.data.fill_(math.log(50.0))
    scale = model.scale()
    assert scale.item() == pytest.approx(20.0)
    assert model.logit_scale.item() == pytest.approx(math.log(20.0))
    (2 * scale).backward()
    assert model.logit_scale.grad > 0  # not cut off at the limit
    free = make_vit_clip(max_logit_scale=None)
    free.logit_scale.data.fill_(math.log(500.0))
    assert free.scale().item() == pytest.approx(500.0, rel=1e-5)


def test_eval_limits_the_scale_and_leaves_the_weight(make_vit_clip):
    model = make_vit_clip(max_logit_scale=20.0).eval()
    model.logit_scale.data.fill_(4.0)
    assert model.scale().item() == pytest.approx(20.0)
    assert model.logit_scale.item() == 4.0


def test_smoothing_acts_in_training_only(make_vit_clip, make_inputs):
    inputs = make_inputs()
    model = make_vit_clip(label_smoothing=0.1, dropout=0.0)
    plain = make_vit_clip(dropout=0.0)
    torch.testing.assert_close(
        model.eval()(inputs, mode='loss'), plain.eval()(inputs, mode='loss')
    )
    smooth = model.train()(inputs, mode='loss')
    sharp = plain.train()(inputs, mode='loss')
    torch.testing.assert_close(smooth['icl'], sharp['icl'])
    assert not torch.isclose(smooth['i2t'], sharp['i2t'])


def test_half_precision_loss_is_computed_in_full(make_clip, make_inputs):
    model, inputs = make_clip().eval(), make_inputs()
    full = model(inputs, mode='loss')
    with torch.autocast('cpu', torch.bfloat16):
        half = model(inputs, mode='loss')
        images, _ = model(inputs)
    assert half['loss'].dtype == images.dtype == torch.float32
    assert half['loss'].item() == pytest.approx(full['loss'].item(), rel=0.05)


def test_without_projection(make_vit_clip, make_inputs):
    bare = dict(projection=dict(type='NoProjection'))
    with pytest.raises(ValueError, match='24 channels'):
        make_vit_clip(**bare)
    with pytest.raises(ValueError, match='32 channels'):
        make_vit_clip(**bare, embed_dims=24)


def test_impossible_options(make_vit_clip):
    with pytest.raises(ValueError, match='cls'):
        make_vit_clip(image_pooling='cls')
    with pytest.raises(ValueError, match='temperature'):
        make_vit_clip(temperature=0.0)


def test_prediction(make_clip, make_inputs):
    prompts = {
        'Edema': dict(pos=['mild edema'], neg=['no edema']),
        'Nodule': dict(pos=['a small nodule', 'nodule'], neg=['no nodule is seen']),
    }
    head = dict(type='PromptHead', prompts=prompts, tokenizer=Words())
    model, inputs = make_clip(prompt_head=head).eval(), make_inputs(studies=3)
    samples = [BaseDataElement(metainfo=dict(image=f'{i}.png')) for i in range(3)]
    predicted = model.test_step(dict(inputs=inputs, data_samples=samples))
    images, texts = model(inputs)
    for row, sample in enumerate(predicted):
        result = sample.to_dict()
        assert result['image'] == f'{row}.png'
        torch.testing.assert_close(result['image_embeds'], images[row].detach())
        torch.testing.assert_close(result['text_embeds'], texts[row].detach())
        assert result['logit_scale'].item() == pytest.approx(1 / 0.07)
        assert result['score_classes'] == ('Edema', 'Nodule')
        assert result['scores'].shape == (2,)
        assert not result['scores'].requires_grad

    flat = model(dict(image=inputs['image'][:, 0]), mode='predict')
    other = model(dict(image=inputs['image'][:, 1]), mode='predict')
    assert 'text_embeds' not in flat[0]
    assert flat[0].image_embeds.shape == (16,)
    mean = (flat[1].scores + other[1].scores) / 2
    torch.testing.assert_close(predicted[1].scores, mean)


def test_loaded_weights_renew_prompts(make_clip, make_inputs):
    head = dict(
        type='PromptHead',
        prompts={'A': ['some words'], 'B': ['other words here']},
        mode='multiclass',
        tokenizer=Words(),
    )
    image = dict(image=make_inputs(studies=2)['image'][:, 0])
    model, other = (make_clip(prompt_head=head, seed=s).eval() for s in (0, 1))
    expected = other(image, mode='predict')
    model(image, mode='predict')
    model.load_state_dict(other.state_dict())
    loaded = model(image, mode='predict')
    torch.testing.assert_close(loaded[0].scores, expected[0].scores)


def test_tokenizers_are_built_on_use(make_vit_clip, make_inputs, tmp_path):
    missing = dict(type='HFTokenizer', name=str(tmp_path / 'vocab.txt'))
    head = dict(
        type='PromptHead',
        prompts={'A': ['no edema']},
        tokenizer=missing,
        mode='multiclass',
    )
    model = make_vit_clip(tokenizer=missing, prompt_head=head).eval()
    words = ['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]', 'no', 'edema']
    (tmp_path / 'vocab.txt').write_text('\n'.join(words))
    ids = model.tokenizer(['No edema'])
    assert ids == [[2, 5, 6, 3]]
    image = make_inputs(studies=2, views=1)['image'][:, 0]
    scores = [s.scores for s in model(dict(image=image), mode='predict')]
    text = torch.tensor(ids)
    expected = model.encode_image(image) @ model.encode_text(text, text.sign()).T
    torch.testing.assert_close(torch.stack(scores), expected.detach())


def test_no_tokenizer_is_said(make_vit_clip):
    with pytest.raises(ValueError, match='HFTokenizer'):
        _ = make_vit_clip().tokenizer


def test_patch_similarity(make_clip, make_vit_clip, make_inputs):
    images = make_inputs(studies=3)['image'][:, 0]
    texts = F.normalize(torch.randn(5, 16), dim=-1)
    model = make_clip().eval()
    maps = model.patch_similarity(images, texts)
    assert maps.shape == (3, 5, 2, 2)
    grid = model.image_backbone(images)[-1]
    cell = F.normalize(model.image_projection(grid[1, :, 0, 1]), dim=0)
    torch.testing.assert_close(maps[1, :, 0, 1], texts @ cell)
    assert make_vit_clip().patch_similarity(images, texts).shape == (3, 5, 4, 4)


def test_token0_pooling_sees_its_cell(make_clip, make_inputs):
    images = make_inputs(studies=3)['image'][:, 0]
    model = make_clip(image_pooling='token0').eval()
    maps = model.patch_similarity(images, model.encode_image(images))
    ones = maps[torch.arange(3), torch.arange(3), 0, 0]
    torch.testing.assert_close(ones, torch.ones(3))
