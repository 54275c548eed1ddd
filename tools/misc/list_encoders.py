"""List what --encoder takes by name.

python tools/misc/list_encoders.py

Another encoder is the path of any config with a method: --encoder CONFIG=FILE.
"""

import argparse


def main(argv: list[str] | None = None) -> None:
    """Print a table: name, backbone, width of its feature, film size, default file."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.parse_args(argv)
    from mmcxr.engine.encoder import find_encoder, known_encoders
    from mmcxr.evaluation.functional.tables import aligned

    rows = [['name', 'backbone', 'width', 'film', 'default file']]
    for name in known_encoders():
        encoder = find_encoder(name)
        spec, steps = encoder.spec, encoder.film_pipeline or ()
        size = [f'{step["size"]} px' for step in steps if 'size' in step][-1:]
        width, file = str(spec.width()), encoder.file or '-'
        rows.append([name, spec.backbone['type'], width, *(size or '-'), file])
    print(aligned(rows))


if __name__ == '__main__':
    main()
