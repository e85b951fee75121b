"""Other people's vector files become models, and models become such files."""

from embeddings.formats.conversion import ImportReport, export_model, import_file

__all__ = ["ImportReport", "export_model", "import_file"]
