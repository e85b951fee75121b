"""Other people's vector files become models, and models become such files."""

from embeddings.formats.conversion import ImportOptions, ImportReport, export_model, import_file

__all__ = ["ImportOptions", "ImportReport", "export_model", "import_file"]
