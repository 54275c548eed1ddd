"""Published datasets -> our table, one file per source.

A converter is one module of :mod:`.readers` with the constant ``CONVERTER``, which
``tools/prepare_dataset.py`` runs by the name of the dataset::

    def read_siim(source: Source, tally: Tally) -> Listing:
        table = source.table('train-rle.csv', ('ImageId', 'EncodedPixels'))
        found = source.named('.dcm')
        films = [
            Film(
                f'{name}.dcm',
                found.get(name),
                dict(Pneumothorax=...),
                masks=dict(mask=...),
                header=('view', 'sex', 'age'),
            )
            for name in table['ImageId'].unique()
        ]
        splits = dict(official=[(film.image, 'train') for film in films])
        return Listing(films, splits, found.values(), release='stage 2')

    CONVERTER = Converter(SIIMPneumothorax.METAINFO, read_siim, SIIM_COUNTS)

**What a converter does.** It reads the tables of the download and says which films
there are (:class:`.films.Film`: name, file, cells, masks, boxes) and in which splits.
It opens no film. :class:`.source.Source` finds files by the end of their path
(``find``, ``need``), films by name (``named``) or by the end of a path (``ending``) and
reads tables (``table``) and lists (``lines``), in folders and inside zip and tar files
alike, however deep the user has put them. A file that is not there is handed over as
``file=None``; all film files that were found go to ``Listing.found``, so that those
nothing lists come to light. Many small files (reports) are read with
:func:`.archives.read_all`, which unpacks a packed tar once.

**What is bad.** Nothing is dropped in silence: ``tally.note(kind, name)`` counts what
one should know (a view not understood), ``tally.fault(fault, kind, name)`` what must
not be there (:data:`.writing.FAULTS`; it fails the verification). Where nothing can be
used (no table, no such column) raise ``TableError``, naming file, row, column and what
to do. Cells are strings or numbers as :mod:`table` wants them; other
facts worth keeping go to ``extra_*``. Nothing that tells who a patient is (names,
dates of birth, accession numbers) goes into cells; of a DICOM header only ``view``,
``sex`` and ``age`` can be had, with ``Film.header``.

``Film.translate`` makes an image file of one that no common program reads (JSRT).

**Masks** are :class:`.films.MaskFile` for a file, or any object with ``draw(shape)``
that can be pickled and whose repr says all it depends on (a frozen dataclass does).
**Boxes** are in pixels of the source film, or of ``Film.frame``, the official size of
films that go about in smaller copies. Both follow a film that is shrunk.

**What is published** about a dataset stands beside its class as a tuple of
:class:`.ReportedCounts`, each with its source. Its ``METAINFO``
has ``dataset``, ``licence``, ``citation`` and ``convert``, the command; run
``tools/misc/list_datasets.py`` to bring ``docs/datasets.md`` up to date.

**What the room does for it.** Placing, decoding, shrinking, masks, boxes and header
(:mod:`.placing`) in processes; each file appears whole or not at all; what is done is
in a journal (:mod:`.journal`), so a killed conversion goes on where it was and ends
with the same bytes; split lists and, last, the table (:mod:`.convert`); every file
and number checked (:mod:`.verify`), and bytes held to ``SHA256SUMS.txt`` where the
download has one; the command line (:mod:`.official_download`), with the converter's
own ``options`` and, as help, the docstring of its module.
"""
