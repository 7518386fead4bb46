"""What the metrics are called in the texts that describe a competition.

Parameters stand in braces, as in `MAP@{k}`. The description of a competition names its metric so, in small or
capital letters.
"""

from collections.abc import Mapping

WORDS: Mapping[str, str] = {
    "accuracy": "accuracy",
    "dice_hausdorff": "0.4 x Dice + 0.6 x (1 - Hausdorff)",
    "f1_macro": "macro F1",
    "f1_micro_multilabel": "micro F1",
    "f1_micro_qa": "micro F1",
    "f1_point_in_box": "F1",
    "global_dice": "global Dice coefficient",
    "group_log_mae": "log of the mean absolute error",
    "jigsaw_bias_auc": "bias AUC",
    "kendall_tau_pooled": "Kendall tau",
    "kl_divergence": "Kullback-Leibler divergence",
    "laplace_log_likelihood": "Laplace log likelihood",
    "log_loss": "log loss",
    "lwlrap": "label-weighted label-ranking average precision",
    "mae_int": "mean absolute error",
    "mae_where": "mean absolute error",
    "map_3d_iou": "mean average precision over thresholds of 3D IoU",
    "map_at_k": "MAP@{k}",
    "map_coco_iou40": "mean average precision at IoU 0.4",
    "map_voc_iou50_pairs": "mean average precision at IoU 0.5",
    "matthews_corrcoef": "Matthews correlation coefficient",
    "mean_angular_error": "mean angular error",
    "mean_columnwise_rmse_where": "mean column-wise root mean squared error",
    "mean_columnwise_rmsle": "mean column-wise RMSLE",
    "mean_columnwise_roc_auc": "mean column-wise ROC AUC",
    "mean_columnwise_spearman": "mean column-wise Spearman correlation",
    "mean_dice": "mean Dice coefficient",
    "mean_levenshtein": "mean Levenshtein distance",
    "mean_p50_p95_distance": "mean of the 50th and 95th percentile of the distance",
    "mean_pixel_fbeta": "pixel-wise F{beta}",
    "mean_precision_iou_thresholds": "mean average precision over thresholds of intersection over union",
    "multiclass_log_loss": "multiclass log loss",
    "normalized_levenshtein": "normalised Levenshtein distance",
    "pearson_r": "Pearson correlation",
    "probabilistic_f1": "probabilistic F1",
    "quadratic_weighted_kappa": "quadratic weighted kappa",
    "rmse": "root mean squared error",
    "roc_auc": "ROC AUC",
    "top1_error": "top-1 error",
    "weighted_multilabel_log_loss": "weighted multi-label log loss",
    "weighted_roc_auc": "weighted ROC AUC",
    "word_jaccard_mean": "word-level Jaccard",
}
"""The words for each metric of `benchmark.metrics.METRICS`."""


def words(name: str, params: Mapping[str, object]) -> str:
    """What a metric with these parameters is called."""
    return WORDS[name].format(**params)


def settings(params: Mapping[str, object]) -> str:
    """The parameters of a metric as a person reads them: `truth toxicity, cut predictions yes`."""
    return ", ".join(f"{name.replace('_', ' ')} {_said(value)}" for name, value in params.items())


def _said(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "/".join(map(str, value)) if isinstance(value, tuple) else str(value)  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
