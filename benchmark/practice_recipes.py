"""About a hundred baseline solutions of varied strength, from which the practice leaderboards are made.

A recipe is a name in words, an untrained scikit-learn model and the share of the training rows it may use.
All are seeded. The weak ones use no data, few data or an unfit model; the strong ones are what a good
engineer would hand in.
"""

# scikit-learn ships no types, and those inferred from its defaults are too narrow.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# pyright: reportArgumentType=false

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from sklearn.base import clone
from sklearn.compose import TransformedTargetRegressor
from sklearn.decomposition import PCA
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis, QuadraticDiscriminantAnalysis
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.ensemble import (
    AdaBoostClassifier,
    AdaBoostRegressor,
    BaggingClassifier,
    ExtraTreesClassifier,
    ExtraTreesRegressor,
    GradientBoostingClassifier,
    GradientBoostingRegressor,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
    VotingClassifier,
    VotingRegressor,
)
from sklearn.kernel_approximation import Nystroem
from sklearn.kernel_ridge import KernelRidge
from sklearn.linear_model import (
    BayesianRidge,
    ElasticNet,
    HuberRegressor,
    Lasso,
    LinearRegression,
    LogisticRegression,
    Ridge,
)
from sklearn.naive_bayes import BernoulliNB, GaussianNB
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import PolynomialFeatures, QuantileTransformer, StandardScaler
from sklearn.svm import SVC, SVR
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

SHARES = (0.03, 0.06, 0.12, 0.25, 0.5)


class Recipe(NamedTuple):
    """One way to a submission."""

    words: str
    """What it does, in words; unique within a table."""
    model: Any
    """An untrained model; the caller clones it."""
    share: float = 1.0
    """The share of the training rows it learns from."""


def classifiers() -> tuple[Recipe, ...]:
    """The recipes for a class or its probability."""
    named = [
        *_weak_classifiers(),
        *_neighbours(KNeighborsClassifier, (1, 2, 4, 8, 16, 32, 64)),
        *_linear_classifiers(),
        *_kernel_classifiers(),
        *_grown_classifiers(),
        *_network_classifiers(),
    ]
    return _with_shares(
        named,
        (
            "decision tree",
            "8 nearest neighbours, scaled",
            "logistic regression, scaled, C 1",
            "random forest of 100",
            "support vectors, scaled, C 1",
        ),
    )


def regressors() -> tuple[Recipe, ...]:
    """The recipes for a number."""
    named = [
        *_weak_regressors(),
        *_neighbours(KNeighborsRegressor, (1, 2, 4, 8, 16, 32, 64)),
        *_linear_regressors(),
        *_curved_regressors(),
        *_grown_regressors(),
        *_network_regressors(),
    ]
    return _with_shares(
        named,
        (
            "decision tree",
            "8 nearest neighbours, scaled",
            "ridge, scaled, alpha 10",
            "random forest of 100",
            "support vectors, scaled, C 10",
        ),
    )


Named = Iterator[tuple[str, Any]]


def _with_shares(named: list[tuple[str, Any]], again: tuple[str, ...]) -> tuple[Recipe, ...]:
    models = dict(named)
    small = (
        Recipe(f"{words}, on {share:.0%} of the rows", clone(models[words]), share)
        for words in again
        for share in SHARES
    )
    return (*(Recipe(words, model) for words, model in named), *small)


def _neighbours(kind: Any, counts: tuple[int, ...]) -> Named:  # noqa: ANN401 - a class without types
    for count in counts:
        yield f"{count} nearest neighbours", kind(count)
        yield f"{count} nearest neighbours, scaled", make_pipeline(StandardScaler(), kind(count))
    for count in (5, 12, 25):
        yield (
            f"{count} nearest neighbours by distance, scaled",
            make_pipeline(StandardScaler(), kind(count, weights="distance")),
        )


def _weak_classifiers() -> Named:
    yield "the most frequent class", DummyClassifier(strategy="most_frequent")
    yield "classes drawn by their frequency", DummyClassifier(strategy="stratified", random_state=0)
    yield "classes drawn evenly", DummyClassifier(strategy="uniform", random_state=0)
    yield "naive Bayes", GaussianNB()
    yield "naive Bayes on 10 principal components", make_pipeline(StandardScaler(), PCA(10), GaussianNB())
    yield "naive Bayes on above or below average", make_pipeline(StandardScaler(), BernoulliNB())
    for depth in (1, 2, 3, 4, 6, 10):
        yield f"decision tree of depth {depth}", DecisionTreeClassifier(max_depth=depth, random_state=0)
    yield "decision tree", DecisionTreeClassifier(random_state=0)
    yield "decision tree, 5 rows per leaf", DecisionTreeClassifier(min_samples_leaf=5, random_state=0)


def _linear_classifiers() -> Named:
    for strength in (0.001, 0.01, 0.1, 1, 10, 100):
        yield (
            f"logistic regression, scaled, C {strength}",
            make_pipeline(StandardScaler(), LogisticRegression(C=strength, max_iter=2000)),
        )
    yield "logistic regression, 50 steps", LogisticRegression(max_iter=50)
    yield "linear discriminants", LinearDiscriminantAnalysis()
    yield "linear discriminants, shrunk", LinearDiscriminantAnalysis(solver="lsqr", shrinkage="auto")
    for shrinkage in (0.1, 0.5):
        yield (
            f"quadratic discriminants, shrunk by {shrinkage}",
            make_pipeline(StandardScaler(), QuadraticDiscriminantAnalysis(reg_param=shrinkage)),
        )
    for parts in (2, 5, 10, 20):
        yield (
            f"logistic regression on {parts} principal components",
            make_pipeline(StandardScaler(), PCA(parts, random_state=0), LogisticRegression(max_iter=2000)),
        )


def _kernel_classifiers() -> Named:
    for strength in (0.1, 1, 3, 10, 100):
        yield (
            f"support vectors, scaled, C {strength}",
            make_pipeline(StandardScaler(), SVC(C=strength)),
        )
        yield f"support vectors, C {strength}", SVC(C=strength)
    for width in (0.0003, 0.0005, 0.0007, 0.001, 0.002):
        yield f"support vectors, C 10, gamma {width}", SVC(C=10, gamma=width)
    for width in (0.003, 0.01):
        yield (
            f"support vectors, scaled, C 3, gamma {width}",
            make_pipeline(StandardScaler(), SVC(C=3, gamma=width)),
        )
    for degree in (2, 3):
        yield f"support vectors, polynomial of degree {degree}", SVC(kernel="poly", degree=degree, C=10)
    yield "support vectors, linear, scaled", make_pipeline(StandardScaler(), SVC(kernel="linear", C=0.1))
    yield (
        "logistic regression on 300 kernel features",
        make_pipeline(
            StandardScaler(),
            Nystroem(gamma=0.01, n_components=300, random_state=0),
            LogisticRegression(C=10, max_iter=2000),
        ),
    )


def _grown_classifiers() -> Named:
    for count in (5, 20, 100, 500):
        yield f"random forest of {count}", RandomForestClassifier(count, random_state=0)
        yield f"extra trees of {count}", ExtraTreesClassifier(count, random_state=0)
    yield (
        "random forest of 100, 10 rows per leaf",
        RandomForestClassifier(min_samples_leaf=10, random_state=0),
    )
    yield "20 bagged trees", BaggingClassifier(n_estimators=20, random_state=0)
    for count in (20, 100):
        yield f"AdaBoost of {count} stumps", AdaBoostClassifier(n_estimators=count, random_state=0)
    for depth in (1, 3):
        yield (
            f"gradient boosting of 60 trees of depth {depth}",
            GradientBoostingClassifier(n_estimators=60, max_depth=depth, random_state=0),
        )
    for rate, count in ((0.3, 20), (0.1, 100), (0.05, 250)):
        yield (
            f"histogram boosting, {count} rounds at {rate}",
            HistGradientBoostingClassifier(learning_rate=rate, max_iter=count, random_state=0),
        )


def _network_classifiers() -> Named:
    for layers in ((8,), (32,), (128,), (128, 64)):
        sizes = " and ".join(str(size) for size in layers)
        network = MLPClassifier(hidden_layer_sizes=layers, max_iter=300, random_state=0)
        yield f"network of {sizes} units, scaled", make_pipeline(StandardScaler(), network)
    yield (
        "network of 256 units, scaled, decayed",
        make_pipeline(
            StandardScaler(),
            MLPClassifier(hidden_layer_sizes=(256,), alpha=1.0, max_iter=300, random_state=0),
        ),
    )
    logistic = make_pipeline(StandardScaler(), LogisticRegression(C=0.3, max_iter=2000))
    forest = ExtraTreesClassifier(300, random_state=0)
    ranked = make_pipeline(
        QuantileTransformer(n_quantiles=100, output_distribution="normal", random_state=0),
        LogisticRegression(C=0.1, max_iter=2000),
    )
    network = make_pipeline(
        StandardScaler(), MLPClassifier(hidden_layer_sizes=(128,), alpha=0.1, max_iter=300, random_state=0)
    )
    yield "logistic regression on ranks", ranked
    members = [("logistic", logistic), ("forest", forest)]
    yield "mean of logistic regression and extra trees", VotingClassifier(members, voting="soft")
    members = [("network", network), ("forest", forest)]
    yield "mean of a network and extra trees", VotingClassifier(members, voting="soft")
    members = [("network", network), ("forest", forest), ("logistic", logistic)]
    yield "mean of a network, extra trees and logistic regression", VotingClassifier(members, voting="soft")


def _weak_regressors() -> Named:
    yield "the mean", DummyRegressor()
    yield "the median", DummyRegressor(strategy="median")
    yield "the third quartile", DummyRegressor(strategy="quantile", quantile=0.75)
    for depth in (1, 2, 3, 4, 6, 10):
        yield f"decision tree of depth {depth}", DecisionTreeRegressor(max_depth=depth, random_state=0)
    yield "decision tree", DecisionTreeRegressor(random_state=0)
    for rows in (5, 10, 20):
        yield (
            f"decision tree, {rows} rows per leaf",
            DecisionTreeRegressor(min_samples_leaf=rows, random_state=0),
        )


def _linear_regressors() -> Named:
    yield "least squares", LinearRegression()
    for strength in (1, 10, 30, 100, 300, 1000):
        yield f"ridge, scaled, alpha {strength}", make_pipeline(StandardScaler(), Ridge(strength))
    for strength in (0.3, 1, 3, 10):
        yield f"lasso, scaled, alpha {strength}", make_pipeline(StandardScaler(), Lasso(strength))
    for strength in (0.1, 1):
        yield (
            f"elastic net, scaled, alpha {strength}",
            make_pipeline(StandardScaler(), ElasticNet(alpha=strength)),
        )
    yield "Bayesian ridge", make_pipeline(StandardScaler(), BayesianRidge())
    yield "Huber regression", make_pipeline(StandardScaler(), HuberRegressor())
    for parts in (1, 2, 4):
        yield (
            f"least squares on {parts} principal components",
            make_pipeline(StandardScaler(), PCA(parts, random_state=0), LinearRegression()),
        )
    yield (
        "ridge on the logarithm of the target",
        TransformedTargetRegressor(
            make_pipeline(StandardScaler(), Ridge(10)), func=np.log, inverse_func=np.exp
        ),
    )


def _curved_regressors() -> Named:
    for strength in (10, 100, 1000):
        steps = (
            StandardScaler(),
            PolynomialFeatures(2, include_bias=False),
            StandardScaler(),
            Ridge(strength),
        )
        yield f"ridge on products of pairs, alpha {strength}", make_pipeline(*steps)
    steps = (StandardScaler(), PolynomialFeatures(2, include_bias=False), StandardScaler(), Lasso(3))
    yield "lasso on products of pairs, alpha 3", make_pipeline(*steps)
    for strength in (1, 10, 30, 100, 1000):
        yield f"support vectors, scaled, C {strength}", make_pipeline(StandardScaler(), SVR(C=strength))
    yield "support vectors, C 10", SVR(C=10)
    yield "support vectors, linear, scaled", make_pipeline(StandardScaler(), SVR(kernel="linear", C=1))
    target = TransformedTargetRegressor(
        make_pipeline(StandardScaler(), KernelRidge(alpha=1, kernel="rbf", gamma=0.01)),
        transformer=StandardScaler(),
    )
    yield "kernel ridge", target


def _grown_regressors() -> Named:
    for count in (5, 20, 100, 500):
        yield f"random forest of {count}", RandomForestRegressor(count, random_state=0)
        yield f"extra trees of {count}", ExtraTreesRegressor(count, random_state=0)
    for rows in (5, 15):
        yield (
            f"random forest of 300, {rows} rows per leaf",
            RandomForestRegressor(300, min_samples_leaf=rows, max_features=0.5, random_state=0),
        )
    for count in (10, 50):
        yield f"AdaBoost of {count} trees", AdaBoostRegressor(n_estimators=count, random_state=0)
    for depth, count in ((1, 100), (2, 60), (3, 100), (3, 500)):
        yield (
            f"gradient boosting of {count} trees of depth {depth}",
            GradientBoostingRegressor(n_estimators=count, max_depth=depth, random_state=0),
        )
    for rate, count in ((0.3, 20), (0.1, 100), (0.03, 100)):
        yield (
            f"histogram boosting, {count} rounds at {rate}",
            HistGradientBoostingRegressor(learning_rate=rate, max_iter=count, random_state=0),
        )


def _network_regressors() -> Named:
    for layers in ((8,), (64,), (64, 32)):
        sizes = " and ".join(str(size) for size in layers)
        network = MLPRegressor(hidden_layer_sizes=layers, max_iter=500, random_state=0)
        yield f"network of {sizes} units, scaled", make_pipeline(StandardScaler(), network)
    ridge = make_pipeline(StandardScaler(), Ridge(30))
    forest = RandomForestRegressor(300, min_samples_leaf=5, max_features=0.5, random_state=0)
    boosted = GradientBoostingRegressor(n_estimators=60, max_depth=2, random_state=0)
    vectors = make_pipeline(StandardScaler(), SVR(C=30))
    yield "mean of ridge and a forest", VotingRegressor([("ridge", ridge), ("forest", forest)])
    yield "mean of ridge and support vectors", VotingRegressor([("ridge", ridge), ("vectors", vectors)])
    members = [("ridge", ridge), ("forest", forest), ("boosted", boosted), ("vectors", vectors)]
    yield "mean of ridge, a forest, boosting and support vectors", VotingRegressor(members)
