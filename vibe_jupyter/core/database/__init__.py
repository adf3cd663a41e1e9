"""The ground that every slice stores on: models, migrations, one writer, cheap readers."""
