"""MoCo against its formulas written out, over updates, resumes and ranks."""

import copy

import pytest
import torch
from host_waits import NoWaiting
from ranks import run_ranks
from torch.nn import functional as F
from torch.nn.parallel import DistributedDataParallel

from mmcxr.engine.checkpoint import load_strict
from mmcxr.models.algorithms.method import Progress
from mmcxr.registry import MODELS

BATCH_NORM = dict(type='mmpretrain.ResNet', depth=18, base_channels=8)
# Without batch statistics, ranks and one process compute the same.
GROUP_NORM = dict(BATCH_NORM, norm_cfg=dict(type='GN', num_groups=2))
B, D, K, M, T = 6, 5, 13, 0.9, 0.3


def make(backbone=BATCH_NORM, seed=0, **options):
    torch.manual_seed(seed)
    config = dict(
        type='MoCo',
        backbone=backbone,
        projection=dict(type='TwoLayerProjection', in_channels=64, out_channels=D),
        queue_length=K,
        momentum=M,
        temperature=T,
    )
    model = MODELS.build(config | options)
    model.init_weights()
    return model.train()


def crops(seed=0, number=B):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(number, 2, 3, 32, 32, generator=generator)


def sgd(model):
    parameters = [p for p in model.parameters() if p.requires_grad]
    return torch.optim.SGD(parameters, lr=0.05)


def step(model, optimizer, films, wrapped=None, micro=1):
    """One update from ``micro`` parts of a batch; the losses."""
    losses = []
    for part in films.chunk(micro):
        losses.append((wrapped or model)(dict(image=part), mode='loss')['loss'])
        (losses[-1] / micro).backward()
    optimizer.step()
    optimizer.zero_grad()
    model.after_update()
    return torch.stack(losses).detach()


def same(found, expected):
    torch.testing.assert_close(found, expected, rtol=0, atol=0)


def states(*models):
    return [model.state_dict() for model in models]


def test_steps_equal_the_formulas():
    """Loss, moving average and queue of five updates, the queue going round twice."""
    model = make()
    query, key = (copy.deepcopy(model) for _ in range(2))
    columns, optimizers = model.queue.columns.T.tolist(), (sgd(model), sgd(query))
    for number in range(5):
        films = crops(number)
        (found,) = step(model, optimizers[0], films)
        q = F.normalize(query.projection(query.extract_feat(films[:, 0])))
        with torch.no_grad():
            k = F.normalize(key.projection(key.extract_feat(films[:, 1])))
        rows = []
        for i in range(B):
            scores = [q[i] @ k[i]] + [q[i] @ torch.tensor(c) for c in columns]
            rows.append(-(torch.stack(scores) / T).log_softmax(dim=0)[0])
        loss = torch.stack(rows).mean()
        torch.testing.assert_close(found, loss.detach())
        loss.backward()
        optimizers[1].step()
        optimizers[1].zero_grad()
        for own, other in zip(
            (*key.backbone.parameters(), *key.projection.parameters()),
            (*query.backbone.parameters(), *query.projection.parameters()),
            strict=True,
        ):
            own.data = M * own.data + (1 - M) * other.data
        columns = columns[B:] + k.tolist()
        # `columns` begins with the oldest, which is where the pointer stands, but for
        # the first ones, which were all there at once.
        held = model.queue.columns.roll(-int(model.queue.pointer), dims=1).T
        torch.testing.assert_close(held, torch.tensor(columns))
    for name, value in model.key_encoder.module.state_dict().items():
        torch.testing.assert_close(value, key.state_dict()[name])


def test_loss_falls_and_only_the_query_encoder_takes_gradients():
    model, films = make(), crops()
    optimizer = sgd(model)
    first = step(model, optimizer, films)
    for _ in range(20):
        last = step(model, optimizer, films)
    assert last < 0.7 * first
    model(dict(image=films), mode='loss')['loss'].backward()
    for name, parameter in model.named_parameters():
        assert (parameter.grad is None) == name.startswith('key_encoder.'), name


def test_nothing_moves_before_an_update_and_all_keys_enter_after_it():
    model, films = make(GROUP_NORM), crops()
    before = copy.deepcopy(model.state_dict())
    keys = model.encode_keys(dict(image=films))
    step_by_step = copy.deepcopy(model)
    for part in films.chunk(3):
        model(dict(image=part), mode='loss')['loss'].backward()
    same(model.state_dict(), before)
    model.after_update()
    torch.testing.assert_close(model.queue.columns[:, :B], keys.T)
    same(model.queue.columns[:, B:], before['queue.columns'][:, B:])
    # As many keys by three micro-batches as by one batch, of the same encoder.
    step(step_by_step, sgd(step_by_step), films, micro=3)
    torch.testing.assert_close(
        step_by_step.queue.state_dict(), model.queue.state_dict()
    )


def test_evaluation_leaves_the_queue_alone():
    model = make().eval()
    before = copy.deepcopy(model.state_dict())
    found = model(dict(image=crops()), mode='loss')
    assert 0 <= found['top1'] <= 1
    assert not model._pending
    same(model.state_dict(), before)


def test_the_host_does_not_wait_for_the_device():
    model, films = make(), crops()
    with NoWaiting():
        model(dict(image=films), mode='loss')['loss'].backward()
        model.after_update()


def test_resume_is_exact():
    model = make()
    optimizer = sgd(model)
    step(model, optimizer, crops(0))
    again = make(seed=1)
    again.load_state_dict(model.state_dict())
    for number in (1, 2):
        films = crops(number)
        same(step(model, optimizer, films), step(again, sgd(again), films))
    same(*states(model, again))


def test_key_encoder_starts_as_the_query_encoder(tmp_path):
    model = make(seed=1)
    path = tmp_path / 'encoder.pth'
    torch.save(model.backbone.state_dict(), path)
    start = dict(type='mmcxr.Pretrained', checkpoint=str(path))
    other = make(dict(BATCH_NORM, init_cfg=start), seed=2)
    same(other.backbone.state_dict(), model.backbone.state_dict())
    queries = {k: v for k, v in model.state_dict().items() if k.startswith(('b', 'p'))}
    load_strict(other, queries, allow_missing=['queue.columns'])
    for filled in (model, other):
        own = filled.key_encoder.module.state_dict()
        same(own, {name: queries[name] for name in own})


def test_order_of_keys_follows_from_the_iteration():
    models = make(), make(seed=1)
    orders = []
    for iteration in (3, 4):
        for model in models:
            model.progress = Progress(iteration=iteration)
        same(*(model.key_order(12) for model in models))
        orders.append(models[0].key_order(12).tolist())
        assert sorted(orders[-1]) == list(range(12))
    assert orders[0] != orders[1]


def test_what_it_encodes_and_predicts():
    model, films = make().eval(), crops()
    encoded = model.encode(dict(image=films)).image_embeds
    same(encoded, model.encode(dict(image=films[:, 0])).image_embeds)
    torch.testing.assert_close(encoded.norm(dim=1), torch.ones(B))
    assert model.extract_feat(films[:, 0]).shape == (B, 64)
    samples = model(dict(image=films[:, 0]), mode='predict')
    same(torch.stack([sample.image_embeds for sample in samples]), encoded.detach())


def test_encoder_spec_names_the_query_encoder():
    mean = (0.5, 0.5, 0.5)
    preprocessor = dict(type='FilmPreprocessor', mean=mean, std=mean)
    config = dict(type='MoCo', backbone=BATCH_NORM, data_preprocessor=preprocessor)
    spec = MODELS.get('MoCo').encoder_spec(config)
    assert spec.backbone == BATCH_NORM and spec.pooling == 'avg'
    assert spec.preprocessing == dict(mean=mean, std=mean)
    backbone, state = MODELS.build(spec.backbone), make().state_dict()
    start = len(spec.prefix)
    own = {k[start:]: v for k, v in state.items() if k.startswith(spec.prefix)}
    load_strict(backbone, own)


@pytest.mark.parametrize('shape', [(B, 3, 32, 32), (B, 1, 3, 32, 32)])
def test_one_crop_is_refused(shape):
    with pytest.raises(ValueError, match='two crops'):
        make()(dict(image=torch.zeros(shape)), mode='loss')


@pytest.mark.parametrize(
    'arch', [dict(type='ResNet', depth=50), dict(type='DenseNet', arch='121')]
)
def test_published_backbones(arch):
    backbone = dict(arch, type=f'mmpretrain.{arch["type"]}')
    channels = 2048 if 'depth' in arch else 1024
    projection = dict(type='TwoLayerProjection', in_channels=channels, out_channels=D)
    model = make(backbone, projection=projection)
    assert torch.isfinite(step(model, sgd(model), crops(number=2))).all()


def rank_steps(rank, world):
    """Three updates of one rank."""
    model = make(GROUP_NORM)
    wrapped = model
    if world > 1:
        wrapped = DistributedDataParallel(model, broadcast_buffers=False)
    optimizer, losses = sgd(model), []
    for number in range(3):
        model.progress = Progress(iteration=number)
        films = crops(number, 12).chunk(world)[rank]
        losses.append(step(model, optimizer, films, wrapped).mean())
    return dict(losses=torch.stack(losses), state=model.state_dict())


@pytest.mark.parametrize('world', [2, 3])
def test_ranks_equal_one_process(world, tmp_path):
    alone = rank_steps(0, 1)
    ranks = run_ranks(rank_steps, world, tmp_path)
    losses = torch.stack([rank['losses'] for rank in ranks])
    torch.testing.assert_close(losses.mean(dim=0), alone['losses'])
    for rank in ranks:
        torch.testing.assert_close(rank['state'], alone['state'], rtol=1e-4, atol=1e-5)
        same(rank['state'], ranks[0]['state'])
