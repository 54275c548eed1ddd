"""MRM as a whole, at tiny size."""

import math

import pytest
import torch
from mmengine.config import Config
from mmengine.model import MMDistributedDataParallel
from mmengine.optim import OptimWrapper, build_optim_wrapper
from mmengine.registry import init_default_scope
from mmengine.runner.activation_checkpointing import turn_on_activation_checkpointing
from ranks import run_ranks
from torch.nn import functional as F

from mmcxr.models.losses import patchify

K, N = 4, 15


def cubic(images):
    """Half size by the cubic kernel of -0.75 at half-way points, edges repeated."""
    taps = torch.tensor([-0.09375, 0.59375, 0.59375, -0.09375])
    for dim in (2, 3):
        size = images.shape[dim]
        index = torch.arange(size // 2)[:, None] * 2 + torch.arange(-1, 3)
        index = index.clamp(0, size - 1)
        parts = images.movedim(dim, -1)[..., index]  # (..., size / 2, 4)
        images = (parts * taps).sum(-1).movedim(-1, dim)
    return images


def test_low_resolution_is_not_blurred(make_mrm, make_records):
    image = make_records()['image']
    low = make_mrm().low_resolution(image)
    assert low.shape == (4, 3, 48, 80)
    torch.testing.assert_close(low, cubic(image))
    blurred = make_mrm(antialias=True).low_resolution(image)
    assert blurred.std() < 0.8 * low.std()


def test_noise_says_what_is_visible(make_mrm, make_records):
    model, records = make_mrm(), make_records()
    encoded = model.encode(records)
    latent, order = encoded.image_tokens, encoded.masks
    for noise, numbers in zip(records['patch_noise'], order, strict=True):
        assert sorted(range(N), key=lambda n: noise[n]) == numbers.tolist()
    visible = order[:, :K]
    low = model.low_resolution(records['image'])
    assert torch.equal(latent, model.backbone.encode_visible(low, visible))
    del records['patch_noise']
    torch.manual_seed(3)
    first = model.encode(records).masks
    torch.manual_seed(3)
    drawn = torch.rand(4, N).argsort(dim=1)
    assert torch.equal(first, drawn)
    assert not torch.equal(first, model.encode(records).masks)


@pytest.mark.parametrize('norm_pix', [True, False])
@pytest.mark.parametrize('loss_on', ['masked', 'non_pad', 'all'])
def test_losses_are_those_of_everything_decoded(
    make_mrm, make_records, norm_pix, loss_on
):
    """Each patch and token decoded, and those without loss left out afterwards."""
    model, records = make_mrm(norm_pix=norm_pix, loss_on=loss_on), make_records()
    losses = model(records, mode='loss')
    found = model(records)
    target = patchify(records['image'], 32)
    if norm_pix:
        mean, var = target.mean(-1, keepdim=True), target.var(-1, keepdim=True)
        target = (target - mean) / (var + 1e-6).sqrt()
    error = (found['pixels'] - target).pow(2).mean(-1)
    masked = torch.ones(4, N).scatter(1, found['order'][:, :K], 0.0)
    expected = (error * masked).sum() / masked.sum()
    torch.testing.assert_close(losses['loss_image'].detach(), expected)

    latent = found['latent'][:, 1:]
    condition = model.condition(latent).mean(1)  # as the released code has it
    torch.testing.assert_close(found['condition'], condition.detach())
    ids, targets = records['input_ids'], records['target_ids']
    chosen = dict(masked=ids == 3, non_pad=targets != 0, all=torch.ones_like(ids) == 1)[
        loss_on
    ]
    words = F.cross_entropy(found['logits'][chosen], targets[chosen])
    torch.testing.assert_close(losses['loss_report'].detach(), words)


def test_only_tokens_with_loss_are_projected(make_mrm, make_records):
    model, records = make_mrm(), make_records()
    rows = []
    model.report_model.decoder.register_forward_pre_hook(
        lambda module, args: rows.append(tuple(args[0].shape))
    )
    model(records, mode='loss')
    assert rows == [((records['input_ids'] == 3).sum(), 32)]


def test_weights_of_the_losses(make_mrm, make_records):
    records = make_records()
    plain = make_mrm()(records, mode='loss')
    weighted = make_mrm(image_weight=3.0, report_weight=0.5)(records, mode='loss')
    torch.testing.assert_close(weighted['loss_image'], 3 * plain['loss_image'])
    torch.testing.assert_close(weighted['loss_report'], plain['loss_report'] / 2)
    total, _ = make_mrm().parse_losses(plain)
    assert total == plain['loss_image'] + plain['loss_report']


def test_report_of_shape_with_one_text(make_mrm, make_records):
    model, records = make_mrm(), make_records()
    expected = model(records, mode='loss')
    for name in ('input_ids', 'target_ids', 'attention_mask'):
        records[name] = records[name].unsqueeze(1)
    assert model(records, mode='loss') == expected


def test_batch_without_a_masked_token(make_mrm, make_records):
    model, records = make_mrm().train(), make_records()
    records['input_ids'] = records['target_ids']
    losses = model(records, mode='loss')
    assert losses['loss_report'] == 0
    sum(losses.values()).backward()
    assert not model.report_model.decoder.weight.grad.any()


@pytest.mark.parametrize('loss_on', ['masked', 'all'])
def test_every_weight_learns(make_mrm, make_records, loss_on):
    model = make_mrm(loss_on=loss_on).train()
    sum(model(make_records(), mode='loss').values()).backward()
    fixed = {'backbone.pos_embed', 'image_decoder.decoder_pos_embed'}
    for name, parameter in model.named_parameters():
        assert parameter.requires_grad is (name not in fixed)
        if name not in fixed:
            assert parameter.grad is not None and parameter.grad.any(), name


def test_what_is_decayed(make_mrm, repo_dir):
    """Matrices, tokens and embeddings; no norm and no bias."""
    schedule = repo_dir / 'configs/_base_/schedules/mrm_adamw_200e.py'
    config = Config.fromfile(schedule).optim_wrapper
    init_default_scope('mmcxr')
    model = make_mrm()
    groups = build_optim_wrapper(model, config).optimizer.param_groups
    decay = {id(p): group['weight_decay'] for group in groups for p in group['params']}
    for name, parameter in model.named_parameters():
        if parameter.requires_grad:
            expected = 0.05 if parameter.dim() > 1 else 0.0
            assert decay[id(parameter)] == expected, name


def test_blocks_may_be_recomputed(make_mrm, make_records):
    """The runner's ``activation_checkpointing``, which saves memory."""
    gradients = []
    for names in ([], ['backbone.layers.0', 'image_decoder.decoder_blocks.0']):
        model = make_mrm().train()
        turn_on_activation_checkpointing(model, names)
        sum(model(make_records(), mode='loss').values()).backward()
        learned = (p.grad for p in model.parameters() if p.requires_grad)
        gradients.append(torch.cat([gradient.flatten() for gradient in learned]))
    torch.testing.assert_close(*gradients)


def test_film_teaches_the_report_and_not_the_other_way(make_mrm, make_records):
    records = make_records()
    model = make_mrm(image_weight=0.0)
    sum(model(records, mode='loss').values()).backward()
    assert model.backbone.layers[0].attn.qkv.weight.grad.any()
    assert not model.image_decoder.decoder_pred.weight.grad.any()
    model = make_mrm(report_weight=0.0)
    sum(model(records, mode='loss').values()).backward()
    assert not model.condition.weight.grad.any()


def test_losses_fall(make_mrm, make_records):
    model, records = make_mrm().train(), make_records()
    wrapper = OptimWrapper(torch.optim.AdamW(model.parameters(), lr=3e-3))
    logs = [
        model.train_step(dict(inputs=dict(records), data_samples=None), wrapper)
        for _ in range(20)
    ]
    for name in ('loss_image', 'loss_report'):
        assert logs[-1][name] < 0.9 * logs[0][name], name


def test_evaluation_draws_nothing(make_mrm, make_records):
    model, records = make_mrm(dropout=0.5), make_records()
    first, second = (model(records, mode='loss') for _ in range(2))
    assert first == second
    model.train()
    assert model(records, mode='loss')['loss_report'] != first['loss_report']


def test_feature(make_mrm):
    model, images = make_mrm(), torch.randn(2, 3, 48, 80)
    seen = []
    model.backbone.layers[-1].register_forward_hook(
        lambda module, args, output: seen.append(output)
    )
    feature = model.extract_feat(images)
    torch.testing.assert_close(feature, seen[0][:, 1:].mean(1))


def test_picture(make_mrm, make_records):
    model, records = make_mrm(), make_records()
    found, image = model(records), records['image']
    assert found['film'].shape == found['seen'].shape == image.shape
    for film in range(4):
        for number in range(N):
            top, left = 32 * (number // 5), 32 * (number % 5)
            window = (film, slice(None), slice(top, top + 32), slice(left, left + 32))
            if number in found['order'][film, :K]:
                assert torch.equal(found['film'][window], image[window])
                assert torch.equal(found['seen'][window], image[window])
                continue
            assert not found['seen'][window].any()
            true = image[window].movedim(0, -1).flatten()
            pixels = found['pixels'][film, number] * (true.var() + 1e-6).sqrt()
            expected = (pixels + true.mean()).view(32, 32, 3).movedim(-1, 0)
            torch.testing.assert_close(found['film'][window], expected)
    ids = records['input_ids']
    assert torch.equal(found['report_ids'][ids != 3], ids[ids != 3])
    likeliest = found['logits'].argmax(-1)
    assert torch.equal(found['report_ids'][ids == 3], likeliest[ids == 3])
    films = model({k: records[k] for k in ('image', 'patch_noise')})
    assert 'logits' not in films and torch.equal(films['film'], found['film'])
    raw = make_mrm(norm_pix=False)(records)
    top = 32 * (raw['order'][0, -1] // 5), 32 * (raw['order'][0, -1] % 5)
    corner = raw['film'][0, :, top[0], top[1]]
    assert torch.equal(corner, raw['pixels'][0, raw['order'][0, -1], :3])


def test_losses_of_each_pair(make_mrm, make_records):
    model, records = make_mrm(), make_records()
    samples = model(records, mode='predict')
    assert len(samples) == 4
    for row, sample in enumerate(samples):
        one = {name: value[row : row + 1] for name, value in records.items()}
        alone = model(one, mode='loss')
        torch.testing.assert_close(sample.image_loss, alone['loss_image'].detach())
        torch.testing.assert_close(sample.report_loss, alone['loss_report'].detach())
        assert sample.report_tokens == (records['input_ids'][row] == 3).sum()
        assert sample.report_chance == pytest.approx(math.log(61))
        # Of a normalised patch the mean is 0 and the unbiased variance 1.
        assert sample.image_chance == pytest.approx(1 - 1 / 3072, abs=1e-5)
    raw = make_mrm(norm_pix=False)
    sample = raw(records, mode='predict')[0]
    masked = raw.encode(records).masks[0, K:]
    target = patchify(records['image'], 32)[0, masked]
    expected = target.var(dim=-1, unbiased=False).mean()
    torch.testing.assert_close(sample.image_chance, expected)


def train_rank(rank, world, model, records, rows):
    """Loss and gradients under DistributedDataParallel, as mmengine wraps models."""
    if world > 1:
        records = {k: v.split(rows)[rank] for k, v in records.items()}
        model = MMDistributedDataParallel(model, find_unused_parameters=False)
    losses = model(records, mode='loss')
    sum(losses.values()).backward()
    inner = model.module if world > 1 else model
    grads = {n: p.grad for n, p in inner.named_parameters() if p.requires_grad}
    return dict(losses={k: v.detach() for k, v in losses.items()}, grads=grads)


@pytest.mark.dist
@pytest.mark.parametrize('loss_on', ['masked', 'non_pad', 'all'])
def test_ranks_equal_one_process(make_mrm, make_records, tmp_path, loss_on):
    """Also where the ranks hold different numbers of masked tokens."""
    records = make_records(pairs=6)
    counts = [(part == 3).sum() for part in records['input_ids'].split(3)]
    assert counts[0] != counts[1]
    model = make_mrm(loss_on=loss_on).double()
    records = {
        k: v.double() if v.is_floating_point() else v for k, v in records.items()
    }
    ranks = run_ranks(train_rank, 2, tmp_path, model, records, 3)
    whole = train_rank(0, 1, model, records, 3)
    for name, value in whole['losses'].items():
        mean = torch.stack([rank['losses'][name] for rank in ranks]).mean()
        torch.testing.assert_close(mean, value, rtol=1e-5, atol=1e-6)
    for rank in ranks:
        for name, value in whole['grads'].items():
            torch.testing.assert_close(
                rank['grads'][name],
                value,
                rtol=1e-4,
                atol=1e-6,
                msg=lambda text, name=name: f'{name}: {text}',
            )


def test_bad_options(make_mrm):
    for options, message in (
        (dict(loss_on='some'), "loss_on is 'some'"),
        (dict(mask_ratio=1.0), 'leaves 0 of 15 patches'),
        (dict(mask_ratio=0.0), 'leaves 15 of 15 patches'),
        (dict(backbone=dict(type='MaskedViT', img_size=48)), r'grid of \(3, 3\)'),
    ):
        with pytest.raises(ValueError, match=message):
            make_mrm(**options)


def test_bad_batches(make_mrm, make_records):
    model = make_mrm()
    for change, message in (
        (dict(image=torch.zeros(4, 3, 48, 80)), r'must be \(B, 3, 96, 160\)'),
        (dict(input_ids=torch.zeros(4, 2, 9, dtype=int)), 'one report per film'),
        (dict(attention_mask=None), 'no attention_mask'),
    ):
        records = {**make_records(), **change}
        records = {k: v for k, v in records.items() if v is not None}
        with pytest.raises(ValueError, match=message):
            model(records, mode='loss')
    with pytest.raises(ValueError, match="mode is 'train'"):
        model(make_records(), mode='train')
