//! Opens one input: a file, stdin, or gzip or zstd of either; refuses what cannot be what it
//! should be.
//!
//! Does not look at lines. A read that may wait for ever (stdin, a pipe) happens in a thread of its
//! own, so that a stop request ends the input at once.

use std::{
    cell::Cell,
    fs::File,
    io::{self, Read},
    path::{Path, PathBuf},
    rc::Rc,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use flate2::read::MultiGzDecoder;

use super::pump::{Pump, Pumped};
use crate::{outcome::Failure, stop::StopFlag};

/// How often an input that waits for data checks whether it should stop.
const STOP_CHECK: Duration = Duration::from_millis(50);
const CHUNK: usize = 64 * 1024;

/// Why an input cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SourceError {
    /// The operating system refuses.
    #[error("cannot read {name}: {reason}")]
    Io { name: String, reason: String },
    /// It can be read, but is not what it should be.
    #[error("{name} {reason}")]
    Unfit { name: String, reason: String },
    /// A source that cannot be, as its flags say it.
    #[error("{0}")]
    Refused(String),
    /// A live feed that cannot go on, or that gave something up.
    #[error("{0}")]
    Live(String),
    /// None of its rows was a record.
    #[error("nothing was sent from {name}: all of its {rows} rows are bad, the first at {first}")]
    NothingGood {
        name: String,
        rows: u64,
        first: String,
    },
}

impl SourceError {
    pub(crate) fn io(name: &str, error: &io::Error) -> Self {
        Self::Io {
            name: name.to_owned(),
            reason: error.to_string(),
        }
    }
}

impl From<SourceError> for Failure {
    fn from(error: SourceError) -> Self {
        match error {
            SourceError::Refused(reason) => Self::Usage(reason),
            SourceError::Io { .. } | SourceError::Live(_) => Self::failed(error.to_string()),
            SourceError::Unfit { .. } | SourceError::NothingGood { .. } => {
                Self::bad_data(error.to_string())
            }
        }
    }
}

/// What an input should hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TextForm {
    Csv,
    JsonLines,
}

/// An open input without byte order mark and compression.
pub(crate) struct OpenInput {
    /// The path as given, or `stdin`; for messages.
    pub(crate) name: String,
    /// The name without its folders; for the `source` header.
    pub(crate) short_name: String,
    /// The text.
    pub(crate) reader: Box<dyn Read>,
    pub(crate) patience: Patience,
}

/// Whether reading waits for data that may never come, as it does at first, or fails with
/// [`io::ErrorKind::WouldBlock`] after a moment. Only stdin and pipes look at it.
#[derive(Debug, Clone)]
pub(crate) struct Patience(Rc<Cell<bool>>);

impl Patience {
    fn unlimited() -> Self {
        Self(Rc::new(Cell::new(true)))
    }

    /// From here on, reading does not wait for long.
    pub(crate) fn end(&self) {
        self.0.set(false);
    }
}

/// What connects an input with the rest of the run: it counts the bytes read, compressed as they
/// are on disk, and ends at a stop request. Clones share the count.
#[derive(Debug, Clone, Default)]
pub(crate) struct InputWatch {
    stop: StopFlag,
    bytes: Arc<AtomicU64>,
}

impl InputWatch {
    pub(crate) fn new(stop: &StopFlag) -> Self {
        Self {
            stop: stop.clone(),
            bytes: Arc::default(),
        }
    }

    /// The same with a count of its own.
    pub(crate) fn uncounted(&self) -> Self {
        Self::new(&self.stop)
    }

    /// Whether a stop was requested, so that what an input gives may be only a part.
    pub(crate) fn is_stopped(&self) -> bool {
        self.stop.requested()
    }

    /// The counter of bytes, shared.
    pub(crate) fn bytes(&self) -> Arc<AtomicU64> {
        self.bytes.clone()
    }
}

/// Refuses a path that does not exist or is a directory, before anything is sent. Returns the size
/// in bytes; `None` for stdin and pipes.
pub(crate) fn check(path: &Path) -> Result<Option<u64>, SourceError> {
    if is_stdin(path) {
        return Ok(None);
    }
    let metadata = std::fs::metadata(path).map_err(|error| failed(path, &error))?;
    if metadata.is_dir() {
        let reason = "it is a directory; name the CSV files in it".to_owned();
        return Err(SourceError::Io {
            name: path.display().to_string(),
            reason,
        });
    }
    Ok(metadata.is_file().then_some(metadata.len()))
}

/// Whether one of the inputs may have nothing to give for hours.
pub(crate) fn any_can_wait(paths: &[PathBuf]) -> bool {
    let is_file = |path: &PathBuf| {
        !is_stdin(path) && std::fs::metadata(path).is_ok_and(|found| found.is_file())
    };
    !paths.iter().all(is_file)
}

/// Whether one of the inputs is this file, which is there already.
pub(crate) fn is_among(path: &Path, inputs: &[PathBuf]) -> bool {
    let Ok(path) = std::fs::canonicalize(path) else {
        return false;
    };
    inputs
        .iter()
        .any(|input| std::fs::canonicalize(input).is_ok_and(|input| input == path))
}

/// Opens a file, or stdin for `-`.
pub(crate) fn open(
    path: &Path,
    form: TextForm,
    watch: &InputWatch,
) -> Result<OpenInput, SourceError> {
    let size = check(path)?;
    let counted = {
        let (path, bytes) = (path.to_owned(), watch.bytes());
        move || {
            let inner: Box<dyn Read + Send> = if is_stdin(&path) {
                Box::new(io::stdin())
            } else {
                Box::new(File::open(&path)?)
            };
            Ok(CountedInput { inner, bytes })
        }
    };
    let patience = Patience::unlimited();
    let bytes: Box<dyn Read> = if size.is_some() {
        Box::new(counted().map_err(|error| failed(path, &error))?)
    } else {
        Box::new(PumpedInput {
            pump: Pump::start(counted, next_chunk),
            current: io::Cursor::default(),
            stop: watch.stop.clone(),
            patience: patience.clone(),
        })
    };
    let reader = decoded(path, form, bytes)?;
    let short_name = path.file_name().map_or_else(
        || path.display().to_string(),
        |name| name.to_string_lossy().into_owned(),
    );
    let (name, short_name) = if is_stdin(path) {
        ("stdin".into(), "stdin".into())
    } else {
        (path.display().to_string(), short_name)
    };
    Ok(OpenInput {
        name,
        short_name,
        reader,
        patience,
    })
}

pub(crate) fn is_stdin(path: &Path) -> bool {
    path.as_os_str() == "-"
}

fn failed(path: &Path, error: &io::Error) -> SourceError {
    let reason = match error.kind() {
        io::ErrorKind::NotFound => "no such file".to_owned(),
        _ => error.to_string(),
    };
    SourceError::Io {
        name: path.display().to_string(),
        reason,
    }
}

/// Looks at the first bytes: decompresses gzip and zstd, drops a UTF-8 byte order mark, refuses
/// what is no text or a text of another kind.
fn decoded(
    path: &Path,
    form: TextForm,
    mut raw: Box<dyn Read>,
) -> Result<Box<dyn Read>, SourceError> {
    let packed = peek(&mut raw).map_err(|error| failed(path, &error))?;
    let ends_in = |ending: &str| {
        path.extension()
            .is_some_and(|extension| extension.eq_ignore_ascii_case(ending))
    };
    let is_gzip = packed.starts_with(&[0x1f, 0x8b]) || ends_in("gz");
    let is_zstd = packed.starts_with(&[0x28, 0xb5, 0x2f, 0xfd]) || ends_in("zst");
    let (mut head, rest): (Vec<u8>, Box<dyn Read>) = if is_gzip {
        let whole = io::Cursor::new(packed).chain(raw);
        let mut text = MultiGzDecoder::new(io::BufReader::with_capacity(CHUNK, whole));
        let head = peek(&mut text).map_err(|error| failed(path, &error))?;
        (head, Box::new(text))
    } else if is_zstd {
        let whole = io::Cursor::new(packed).chain(raw);
        let whole = io::BufReader::with_capacity(CHUNK, whole);
        let decoder = zstd::stream::read::Decoder::with_buffer(whole);
        let mut text = decoder.map_err(|error| failed(path, &error))?;
        let head = peek(&mut text).map_err(|error| failed(path, &error))?;
        (head, Box::new(text))
    } else {
        (packed, raw)
    };
    if let Some(reason) = foreign(&head, form) {
        return Err(SourceError::Unfit {
            name: path.display().to_string(),
            reason: reason.to_owned(),
        });
    }
    if head.starts_with(BYTE_ORDER_MARK) {
        head.drain(..BYTE_ORDER_MARK.len());
    }
    Ok(Box::new(io::Cursor::new(head).chain(rest)))
}

/// What the input is, if its first bytes are not those of its form.
fn foreign(head: &[u8], form: TextForm) -> Option<&'static str> {
    let text = head.strip_prefix(BYTE_ORDER_MARK).unwrap_or(head);
    let text = text.trim_ascii_start();
    let begins_with = |part: &[u8]| {
        text.get(..part.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(part))
    };
    if let Some((_, reason)) = FOREIGN.iter().find(|(magic, _)| head.starts_with(magic)) {
        Some(reason)
    } else if is_utf16(head) {
        Some("is UTF-16 text; save it as UTF-8")
    } else if text
        .iter()
        .take_while(|byte| **byte != b'\n')
        .any(|byte| *byte == 0)
    {
        Some("holds NUL bytes: it is no text")
    } else if WEB_PAGES.iter().any(|start| begins_with(start)) {
        Some(
            "is a web page; look at it in a browser: the download needs a key or a login, or the address is wrong",
        )
    } else if form == TextForm::Csv && is_json(text) {
        Some(
            "is JSON; look at it: it may be an error in place of the CSV, and a file of one object a line is for --jsonl",
        )
    } else if form == TextForm::JsonLines && text.starts_with(b"[") {
        Some("is one JSON array; make it one object a line, for example with jq -c '.[]'")
    } else {
        None
    }
}

const BYTE_ORDER_MARK: &[u8] = &[0xef, 0xbb, 0xbf];

const FOREIGN: [(&[u8], &str); 5] = [
    (&[0xff, 0xfe], "is UTF-16 text; save it as UTF-8"),
    (&[0xfe, 0xff], "is UTF-16 text; save it as UTF-8"),
    (
        b"PK\x03\x04",
        "is a zip archive; unpack it first (a workbook of Excel: save it as CSV UTF-8)",
    ),
    (b"BZh", "is packed with bzip2; unpack it first"),
    (b"\xfd7zXZ\0", "is packed with xz; unpack it first"),
];

const WEB_PAGES: [&[u8]; 5] = [b"<!doctype", b"<html", b"<head", b"<body", b"<?xml"];

/// Whether every other byte of the first ones is 0, as in Latin text of two bytes a letter. Such a
/// file has no byte order mark if it was cut off or converted by hand.
fn is_utf16(head: &[u8]) -> bool {
    let start = &head[..head.len().min(64)];
    let zeros = |from: usize| {
        start
            .iter()
            .skip(from)
            .step_by(2)
            .filter(|byte| **byte == 0)
            .count()
    };
    let (first, second) = (zeros(0), zeros(1));
    start.len() >= 4 && first.min(second) == 0 && first.max(second) * 2 >= start.len() / 2
}

/// An object, or an array of objects.
fn is_json(text: &[u8]) -> bool {
    let (bracket, inner) = match text {
        [first, rest @ ..] => (*first, rest.trim_ascii_start()),
        [] => return false,
    };
    matches!(
        (bracket, inner.first()),
        (b'{', Some(b'"' | b'}')) | (b'[', Some(b'{'))
    )
}

/// Takes what the first reads give, at least four bytes if there are as many. Does not wait for
/// more: the first rows of a pipe are to be sent before the next ones come.
fn peek(reader: &mut impl Read) -> io::Result<Vec<u8>> {
    let mut head = vec![0; CHUNK];
    let mut length = 0;
    while length < 4 {
        match reader.read(&mut head[length..]) {
            Ok(0) => break,
            Ok(read) => length += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    head.truncate(length);
    Ok(head)
}

/// Counts what is read, for the progress bar.
struct CountedInput {
    inner: Box<dyn Read + Send>,
    bytes: Arc<AtomicU64>,
}

impl Read for CountedInput {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(out)?;
        self.bytes.fetch_add(read as u64, Ordering::Relaxed);
        Ok(read)
    }
}

/// One read; `None` at the end.
fn next_chunk(from: &mut CountedInput) -> io::Result<Option<Vec<u8>>> {
    let mut chunk = vec![0; CHUNK];
    let length = from.read(&mut chunk)?;
    chunk.truncate(length);
    Ok((length > 0).then_some(chunk))
}

/// Reads what another thread opens and reads: opening a FIFO waits for a writer.
struct PumpedInput {
    pump: Pump<Vec<u8>>,
    current: io::Cursor<Vec<u8>>,
    stop: StopFlag,
    patience: Patience,
}

impl Read for PumpedInput {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        loop {
            let read = self.current.read(out)?;
            if read > 0 || out.is_empty() {
                return Ok(read);
            }
            match self.pump.next(STOP_CHECK)? {
                Pumped::Item(chunk) => self.current = io::Cursor::new(chunk),
                Pumped::Waits if self.stop.requested() => return Ok(0),
                Pumped::Waits if self.patience.0.get() => {}
                Pumped::Waits => return Err(io::ErrorKind::WouldBlock.into()),
                Pumped::End => return Ok(0),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn read(name: &str, bytes: &[u8]) -> Result<String, String> {
        read_as(TextForm::Csv, name, bytes)
    }

    fn read_as(form: TextForm, name: &str, bytes: &[u8]) -> Result<String, String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        let watch = InputWatch::default();
        let mut input = open(&path, form, &watch).map_err(|error| {
            error
                .to_string()
                .replace(&path.display().to_string(), "FILE")
        })?;
        assert_eq!(input.short_name, name);
        let mut text = String::new();
        input.reader.read_to_string(&mut text).unwrap();
        assert_eq!(watch.bytes.load(Ordering::Relaxed), bytes.len() as u64);
        Ok(text)
    }

    fn gzip(text: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(text).unwrap();
        encoder.finish().unwrap()
    }

    fn zstd(text: &[u8]) -> Vec<u8> {
        zstd::stream::encode_all(text, 1).unwrap()
    }

    #[test]
    fn plain_and_packed_text_is_read_with_or_without_mark() {
        let marked = b"\xef\xbb\xbfa,b\n1,2\n".as_slice();
        for (name, bytes) in [
            ("a.csv", marked.to_vec()),
            ("a.csv.gz", gzip(marked)),
            ("no-suffix", gzip(b"a,b\n1,2\n")),
            ("a.csv.zst", zstd(marked)),
            ("no-suffix", zstd(b"a,b\n1,2\n")),
            ("b.csv", b"a,b\n1,2\n".to_vec()),
        ] {
            assert_eq!(read(name, &bytes).unwrap(), "a,b\n1,2\n", "{name}");
        }
        assert_eq!(read("a.csv", b"").unwrap(), "");
        assert_eq!(read("a.csv", b"ab").unwrap(), "ab");
    }

    #[test]
    fn packed_text_of_several_parts_is_read_whole() {
        assert_eq!(
            read("a.zst", &[zstd(b"a\n"), zstd(b"1\n")].concat()).unwrap(),
            "a\n1\n"
        );
        assert_eq!(
            read("a.gz", &[gzip(b"a\n"), gzip(b"1\n")].concat()).unwrap(),
            "a\n1\n"
        );
    }

    #[test]
    fn what_is_not_text_is_refused_with_the_way_on() {
        assert_eq!(
            read("a.csv", b"PK\x03\x04rest").unwrap_err(),
            "FILE is a zip archive; unpack it first (a workbook of Excel: save it as CSV UTF-8)"
        );
        let utf16 = "FILE is UTF-16 text; save it as UTF-8";
        for text in [
            b"\xff\xfea\0".as_slice(),
            b"D\0a\0t\0e\0,\0C\0\n\0",
            b"\0D\0a\0t",
        ] {
            assert_eq!(read("a.csv", text).unwrap_err(), utf16);
            assert_eq!(read("a.gz", &gzip(text)).unwrap_err(), utf16);
        }
        for (text, part) in [
            (
                b"\xef\xbb\xbf\n <!DOCTYPE html>".as_slice(),
                "is a web page",
            ),
            (b"<HTML><head>", "is a web page"),
            (b"{ \"Information\": \"wait\" }", "is JSON"),
            (b"[{\"a\":1}]", "is JSON"),
            (b"PAR1\x15\0\0\0a", "holds NUL bytes"),
            (b"BZh91AY&SY", "packed with bzip2"),
        ] {
            let message = read("a.csv", text).unwrap_err();
            assert!(message.contains(part), "{message}");
        }
        for text in [b"<TICKER>,<DATE>\n".as_slice(), b"{a},[b]\n", b"[1],b\n"] {
            assert!(read("a.csv", text).is_ok());
        }
        for name in ["a.gz", "a.zst"] {
            let message = read(name, b"plain text").unwrap_err();
            assert!(message.starts_with("cannot read FILE: "), "{message}");
        }
        let folder = tempfile::tempdir().unwrap();
        assert!(
            check(folder.path())
                .unwrap_err()
                .to_string()
                .ends_with("it is a directory; name the CSV files in it")
        );
        assert!(
            check(&folder.path().join("x"))
                .unwrap_err()
                .to_string()
                .ends_with("x: no such file")
        );
    }

    #[test]
    fn lines_of_json_are_read_and_an_array_is_refused() {
        let form = TextForm::JsonLines;
        assert_eq!(
            read_as(form, "a.jsonl", b"{\"a\":1}\n").unwrap(),
            "{\"a\":1}\n"
        );
        let message = read_as(form, "a.jsonl", b"\n[{\"a\":1}]").unwrap_err();
        assert!(message.contains("is one JSON array"), "{message}");
    }

    /// An input that never gives anything.
    fn never(stop: &StopFlag) -> PumpedInput {
        PumpedInput {
            pump: Pump::start(
                || Ok(()),
                |()| {
                    loop {
                        std::thread::park();
                    }
                },
            ),
            current: io::Cursor::default(),
            stop: stop.clone(),
            patience: Patience::unlimited(),
        }
    }

    #[test]
    fn files_never_wait_and_stdin_and_devices_can() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a.csv");
        std::fs::write(&file, "a\n").unwrap();
        assert!(!any_can_wait(std::slice::from_ref(&file)));
        for other in ["-", "/dev/null"] {
            assert!(any_can_wait(&[file.clone(), other.into()]), "{other}");
        }
    }

    #[test]
    fn a_stop_request_ends_an_input_that_waits() {
        let stop = StopFlag::default();
        let mut input = never(&stop);
        stop.request();
        assert_eq!(input.read(&mut [0; 8]).unwrap(), 0);
    }

    #[test]
    fn an_input_without_patience_says_that_it_waits() {
        let mut input = never(&StopFlag::default());
        input.patience.end();
        let error = input.read(&mut [0; 8]).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::WouldBlock);
    }
}
