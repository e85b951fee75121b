"""The same training on a Spark cluster."""

from embeddings.spark.engine import SparkEngine, check_spark, train_on_spark

__all__ = ["SparkEngine", "check_spark", "train_on_spark"]
