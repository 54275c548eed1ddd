"""Probes against scikit-learn, torch's SGD and loops."""

import warnings

import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.preprocessing import StandardScaler
from torch.nn.functional import binary_cross_entropy_with_logits

from mmcxr.studies.probes.knn import knn_scores
from mmcxr.studies.probes.linear import fit_linear
from mmcxr.studies.probes.logistic import fit_logistic
from mmcxr.studies.probes.multinomial import fit_multinomial
from mmcxr.studies.probes.selection import Standardiser, choose, linear_scores

C_VALUES = [1e-4, 1e-2, 1e2, 1.0]  # in no order


@pytest.fixture
def data():
    """(N, D) correlated features of unequal scale, (N, L) labels, some unknown."""
    rng = np.random.default_rng(0)
    mixing = rng.normal(size=(13, 13)) * np.geomspace(0.01, 3, 13)
    features = rng.normal(size=(700, 13)) @ mixing + rng.normal(size=13) * 5
    truth = rng.normal(size=(13, 5)) / features.std(0)[:, None]
    odds = (features - features.mean(0)) @ truth + [0, -1, -4, 1, 0]
    labels = (rng.random(odds.shape) < 1 / (1 + np.exp(-odds))).astype(float)
    labels[rng.random(labels.shape) < 0.2] = np.nan
    labels[:, 4] = np.where(np.isnan(labels[:, 4]), np.nan, 1)  # one value only
    return torch.from_numpy(features), torch.from_numpy(labels)


def sklearn_coefficients(features, labels, c):
    scaled = StandardScaler().fit_transform(features.numpy())
    rows = []
    for label in labels.T.numpy():
        known = ~np.isnan(label)
        model = LogisticRegression(C=c, tol=1e-12, max_iter=20000)
        model.fit(scaled[known], label[known])
        rows.append(np.append(model.coef_[0], model.intercept_))
    return np.array(rows)


def test_logistic_regression_is_scikit_learns(data):
    features, labels = data
    found = fit_logistic(features, labels, C_VALUES, tolerance=1e-8)
    assert found.shape == (4, 5, 14) and found.dtype == torch.float64
    for c, coefficients in zip(C_VALUES, found[:, :4].numpy(), strict=True):
        expected = sklearn_coefficients(features, labels[:, :4], c)
        assert np.abs(coefficients - expected).max() < 1e-5


def test_single_precision_is_within_a_thousandth(data):
    features, labels = data
    found = fit_logistic(features.float(), labels, C_VALUES)
    assert found.dtype == torch.float32
    for c, coefficients in zip(C_VALUES, found[:, :4].numpy(), strict=True):
        expected = sklearn_coefficients(features, labels[:, :4], c)
        assert np.abs(coefficients - expected).max() < 1e-3


def test_the_gradient_vanishes_at_the_solution(data):
    features, labels = data
    labels = labels[:, :3]
    (found,) = fit_logistic(features, labels, [0.3], tolerance=1e-10)
    weights = found.clone().requires_grad_()
    outputs = Standardiser(features)(features) @ weights[:, :-1].T + weights[:, -1]
    known = ~labels.isnan()
    loss = 0.3 * binary_cross_entropy_with_logits(
        outputs[known], labels[known], reduction='sum'
    )
    (loss + (weights[:, :-1] ** 2).sum() / 2).backward()
    assert weights.grad.abs().max() < 1e-7


def test_a_label_of_one_value_has_no_coefficients(data):
    features, labels = data
    found = fit_logistic(features, labels, [1.0])
    assert found[0, 4].isnan().all() and not found[0, :4].isnan().any()
    nothing = fit_logistic(features, labels[:, 4:], [1.0, 2.0])
    assert nothing.shape == (2, 1, 14) and nothing.isnan().all()


def test_labels_do_not_see_each_other(data):
    features, labels = data
    together = fit_logistic(features, labels, [0.5], tolerance=1e-9)
    for label in range(4):
        alone = fit_logistic(features, labels[:, label : label + 1], [0.5], 1e-9)
        assert (together[0, label] - alone[0, 0]).abs().max() < 1e-7


def test_separable_labels_and_equal_features():
    """Nothing but the penalty holds the weights, and axes without spread."""
    features = torch.randn(40, 3, generator=torch.Generator().manual_seed(0)).double()
    labels = (features[:, :1] > 0).double()
    features = torch.cat([features, features[:, :1], torch.ones(40, 1)], dim=1)
    found = fit_logistic(features, labels, [1e3], tolerance=1e-8)[0].numpy()
    expected = sklearn_coefficients(features, labels, 1e3)
    assert np.abs(found - expected).max() < 1e-3
    assert abs(found[0, 0] - found[0, 3]) < 1e-8 and found[0, 4] == 0


def test_it_says_when_it_has_not_converged(data):
    with pytest.warns(UserWarning, match='C=1 has not converged in 2 steps'):
        fit_logistic(*data, [1.0], max_steps=2)
    with warnings.catch_warnings():
        warnings.simplefilter('error')
        fit_logistic(*data, C_VALUES)


def test_standardiser_is_scikit_learns(data):
    features = torch.cat([data[0], torch.full((700, 1), 0.1)], dim=1)
    scaler = StandardScaler().fit(features.numpy())
    found = Standardiser(features)(features[:100])
    assert np.allclose(found, scaler.transform(features[:100].numpy()), atol=1e-12)


def test_scores_are_probabilities(data):
    features, labels = data
    coefficients = fit_logistic(features, labels, [0.1, 10.0])
    scores = linear_scores(Standardiser(features)(features), coefficients)
    assert scores.shape == (2, 700, 5) and scores[..., 4].isnan().all()
    scaled = StandardScaler().fit_transform(features.numpy())
    known = ~np.isnan(labels[:, 1].numpy())
    model = LogisticRegression(C=10.0, tol=1e-10, max_iter=9999)
    model.fit(scaled[known], labels[known, 1])
    expected = model.predict_proba(scaled)[:, 1]
    assert np.abs(scores[1, :, 1].numpy() - expected).max() < 1e-4


# --- linear layer ----------------------------------------------------------------


@pytest.mark.parametrize(('momentum', 'weight_decay'), [(0.9, 0.0), (0.0, 0.01)])
def test_linear_probe_is_torchs_sgd(data, momentum, weight_decay):
    features, labels = data[0], data[1][:, :4]
    rates = [0.3, 0.02]
    options = dict(momentum=momentum, weight_decay=weight_decay)
    found = fit_linear(
        features, labels, rates, epochs=3, batch_size=128, seed=4, **options
    )
    scaled = Standardiser(features)(features)
    for rate, coefficients in zip(rates, found, strict=True):
        layer = torch.nn.Linear(13, 4).double()
        torch.nn.init.zeros_(layer.weight), torch.nn.init.zeros_(layer.bias)
        optimizer = torch.optim.SGD(layer.parameters(), lr=rate, **options)
        schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 3 * 6)
        generator = torch.Generator().manual_seed(4)
        for _ in range(3):
            for rows in torch.randperm(700, generator=generator).split(128):
                known = ~labels[rows].isnan()
                loss = binary_cross_entropy_with_logits(
                    layer(scaled[rows])[known], labels[rows][known]
                )
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                schedule.step()
        expected = torch.cat([layer.weight, layer.bias[:, None]], dim=1)
        assert (coefficients - expected).abs().max() < 1e-9


def test_linear_probe_nears_the_smallest_loss(data):
    features, labels = data[0], data[1][:, :2]
    known, scaled = ~labels.isnan(), Standardiser(features)(features)

    def loss(coefficients):
        scores = linear_scores(scaled, coefficients)[0]
        return torch.nn.functional.binary_cross_entropy(scores[known], labels[known])

    smallest = loss(fit_logistic(features, labels, [1e6]))
    found = loss(fit_linear(features, labels, [1.0], epochs=60))
    assert smallest <= found < 1.05 * smallest


# --- nearest neighbours ----------------------------------------------------------


def test_nearest_neighbours_by_a_loop(data, monkeypatch):
    from mmcxr.studies.probes import knn as probes_knn

    monkeypatch.setattr(probes_knn, '_ROWS', 7)
    features, labels = data[0][:90] - data[0].mean(0), data[1][:90]
    labels[:, 3] = np.nan
    labels[3, 3] = 1.0  # known to a single film
    queries = data[0][90:120] - data[0].mean(0)
    numbers = [1, 5, 90]
    found = knn_scores(features, labels, queries, numbers, temperature=0.2)
    assert found.shape == (3, 30, 5)
    for m, query in enumerate(queries):
        cosine = [float(query @ f / query.norm() / f.norm()) for f in features]
        ranked = sorted(range(90), key=lambda n: -cosine[n])
        for k, number in enumerate(numbers):
            for label in range(5):
                voters = [
                    n for n in ranked[:number] if not np.isnan(labels[n, label].item())
                ]
                if not voters:
                    voters = [n for n in range(90) if not labels[n, label].isnan()]
                    weights = np.ones(len(voters))
                else:
                    weights = np.exp([cosine[n] / 0.2 for n in voters])
                votes = np.array([labels[n, label].item() for n in voters])
                expected = (weights * votes).sum() / weights.sum()
                assert abs(found[k, m, label].item() - expected) < 1e-9


@pytest.mark.parametrize('numbers', [[0], [5, 91], []])
def test_numbers_of_neighbours(data, numbers):
    with pytest.raises(ValueError, match=r'within 1\.\.90'):
        knn_scores(data[0][:90], data[1][:90], data[0][90:], numbers)


def test_a_label_nobody_knows_has_no_score(data):
    labels = torch.full((90, 1), torch.nan).double()
    assert knn_scores(data[0][:90], labels, data[0][90:99], [5]).isnan().all()


# --- choosing --------------------------------------------------------------------


def test_the_highest_mean_auroc_is_chosen():
    rng = np.random.default_rng(1)
    labels = rng.integers(0, 2, (60, 3)).astype(float)
    scores = (
        labels + rng.normal(size=(4, 60, 3)) * np.array([2, 0.6, 1, 0.6])[:, None, None]
    )
    scores[3] = scores[1]
    labels[::5, 1] = np.nan
    scores[:, :, 2] = np.nan
    best, means = choose(scores, labels)
    known = ~np.isnan(labels[:, 1])
    expected = [
        (
            roc_auc_score(labels[:, 0], s[:, 0])
            + roc_auc_score(labels[known, 1], s[known, 1])
        )
        / 2
        for s in scores
    ]
    assert np.allclose(means, expected) and best == 1
    with pytest.raises(ValueError, match='no label has both values'):
        choose(scores, np.ones((60, 3)))


# --- exclusive classes, and features as they are ------------------------------------


@pytest.fixture
def classes_data():
    random = np.random.default_rng(8)
    features = random.normal(3, 1, (90, 7)) * np.logspace(-1, 1, 7)
    target = (features[:, 3] + random.normal(0, 1, 90) > 3).astype(int)
    target += features[:, 5] > 3 * np.logspace(-1, 1, 7)[5]
    return torch.from_numpy(features), torch.eye(3, dtype=torch.float64)[target]


@pytest.mark.parametrize('number', [2, 3])
def test_multinomial_is_scikit_learns(classes_data, number):
    features, labels = classes_data
    if number == 2:
        labels = torch.stack([labels[:, 0], 1 - labels[:, 0]], 1)
    found = fit_multinomial(features, labels, [2.0, 0.1], 1e-9, max_steps=20000)
    for c, coefficients in zip([2.0, 0.1], found, strict=True):
        model = LogisticRegression(C=c, tol=1e-9, max_iter=20000)
        model.fit(features.numpy(), labels.argmax(1).numpy())
        scores = linear_scores(features, coefficients[None], exclusive=True)[0]
        expected = model.predict_proba(features.numpy())
        assert np.abs(scores.numpy() - expected).max() < 1e-3
        if number == 3:
            assert np.abs(coefficients[:, :-1].numpy() - model.coef_).max() < 1e-3


def test_a_class_without_films_is_never_named(classes_data):
    features, labels = classes_data
    labels = torch.cat([labels, torch.zeros(90, 1)], 1)
    coefficients = fit_multinomial(features, labels, [1.0], max_steps=20000)
    scores = linear_scores(features, coefficients, exclusive=True)[0]
    assert (scores[:, 3] == 0).all() and torch.allclose(
        scores.sum(1), scores.new_ones(())
    )
    assert fit_multinomial(features, labels[:, 3:], [1.0]).isnan().all()


def test_features_as_they_are_are_scikit_learns(classes_data):
    features, labels = classes_data
    found = fit_logistic(
        features, labels, [0.0327, 1.0], tolerance=1e-9, standardise=False
    )
    for c, coefficients in zip([0.0327, 1.0], found, strict=True):
        for column, row in enumerate(coefficients):
            model = LogisticRegression(C=c, tol=1e-10, max_iter=50000)
            model.fit(features.numpy(), labels[:, column].numpy())
            assert np.abs(row[:-1].numpy() - model.coef_[0]).max() < 1e-3
            assert abs(float(row[-1]) - model.intercept_[0]) < 1e-2


def test_the_linear_probe_of_classes_follows_its_gradient(classes_data):
    """One step on all films is the step of autograd on the cross entropy."""
    features, labels = classes_data
    found = fit_linear(
        features, labels, [0.1], epochs=1, batch_size=90, standardise=False,
        exclusive=True,
    )  # fmt: skip
    weights = torch.zeros(3, 8, dtype=torch.float64, requires_grad=True)
    outputs = features @ weights[:, :-1].T + weights[:, -1]
    torch.nn.functional.cross_entropy(outputs, labels.argmax(1)).backward()
    assert torch.allclose(found[0], -0.1 * weights.grad)


@pytest.mark.parametrize('precision', [torch.float32, torch.float64])
@pytest.mark.parametrize('standardise', [True, False])
def test_more_features_than_films(standardise, precision):
    random = np.random.default_rng(2)
    features = torch.from_numpy(random.normal(1, 1, (23, 61))).to(precision)
    labels = torch.from_numpy((features.numpy()[:, :2] > 1).astype(float))
    found = fit_logistic(
        features, labels, [1.0, 0.01], tolerance=1e-10, standardise=standardise
    )
    assert found.dtype == precision
    scaled = features.double().numpy()
    if standardise:
        scaled = StandardScaler().fit_transform(scaled)
    for c, coefficients in zip([1.0, 0.01], found, strict=True):
        for column, row in enumerate(coefficients):
            model = LogisticRegression(C=c, tol=1e-10, max_iter=50000)
            model.fit(scaled, labels[:, column].numpy())
            assert np.abs(row[:-1].numpy() - model.coef_[0]).max() < 1e-4
            assert abs(float(row[-1]) - model.intercept_[0]) < 1e-3
