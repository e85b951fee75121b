"""The same training on a Spark cluster."""

from embeddings.spark.engine import Learned, check_spark, train_on_spark

__all__ = ["Learned", "check_spark", "train_on_spark"]
