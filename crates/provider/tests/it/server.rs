//! A small HTTP server: each call is answered by the next of the answers that stand in its script.
//!
//! Written by hand, so that it can also answer as no proper server would: late, cut off, for ever.

use std::{
    io::{BufRead, BufReader, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
        mpsc::{Receiver, Sender, channel},
    },
    thread,
};

/// What the server does with a call.
#[derive(Clone, Debug)]
pub(crate) enum Answer {
    /// A whole reply: status, further header lines, body.
    Whole {
        status: u16,
        headers: Vec<String>,
        body: String,
    },
    /// Nothing is said until the server is gone.
    Silence,
    /// The head and the start of the body; then nothing until the server is gone.
    Stalls,
    /// The head promises more than comes.
    BreaksOff,
    /// The connection is closed at once.
    Closes,
    /// A body without length and without end.
    Endless,
}

pub(crate) fn body(body: impl Into<String>) -> Answer {
    status(200, body)
}

pub(crate) fn status(status: u16, body: impl Into<String>) -> Answer {
    let (headers, body) = (Vec::new(), body.into());
    Answer::Whole {
        status,
        headers,
        body,
    }
}

pub(crate) fn with_header(answer: Answer, header: &str) -> Answer {
    match answer {
        Answer::Whole {
            status,
            mut headers,
            body,
        } => {
            headers.push(header.to_owned());
            Answer::Whole {
                status,
                headers,
                body,
            }
        }
        other => other,
    }
}

/// The answers still to be given, by the text that the target of the call holds.
type Script = Vec<Scripted>;

struct Scripted {
    holds: String,
    answer: Answer,
}

/// Runs until it is dropped.
pub(crate) struct Server {
    address: SocketAddr,
    connections: Arc<AtomicUsize>,
    calls: Arc<Mutex<Vec<String>>>,
    script: Arc<Mutex<Script>>,
    arrivals: Receiver<()>,
    ends: Arc<AtomicBool>,
}

impl Server {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (calls, script) = (Arc::default(), Arc::default());
        let connections = Arc::new(AtomicUsize::new(0));
        let ends = Arc::new(AtomicBool::new(false));
        let (arrived, arrivals) = channel();
        let server = Self {
            address,
            connections: Arc::clone(&connections),
            calls: Arc::clone(&calls),
            script: Arc::clone(&script),
            arrivals,
            ends: ends.clone(),
        };
        thread::spawn(move || {
            for stream in listener.incoming() {
                if ends.load(Ordering::Acquire) {
                    return;
                }
                connections.fetch_add(1, Ordering::AcqRel);
                let (calls, script, ends) = (calls.clone(), script.clone(), ends.clone());
                let arrived = arrived.clone();
                thread::spawn(move || {
                    // A client may leave in the middle.
                    serve(&stream.unwrap(), &calls, &script, &arrived, &ends).unwrap_or_default();
                });
            }
        });
        server
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The next call whose target holds this text gets this answer.
    pub(crate) fn answer(&self, holds: &str, answer: Answer) {
        let holds = holds.to_owned();
        self.script.lock().unwrap().push(Scripted { holds, answer });
    }

    /// The targets of the calls so far: path and parameters.
    pub(crate) fn calls(&self) -> Vec<String> {
        self.calls.lock().unwrap().clone()
    }

    /// How many connections there were so far.
    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::Acquire)
    }

    /// Waits until a call has arrived.
    pub(crate) fn wait_for_call(&self) {
        self.arrivals.recv().unwrap();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.ends.store(true, Ordering::Release);
        // Wakes the listener.
        TcpStream::connect(self.address)
            .map(drop)
            .unwrap_or_default();
    }
}

/// Answers the calls of one connection.
fn serve(
    stream: &TcpStream,
    calls: &Mutex<Vec<String>>,
    script: &Mutex<Script>,
    arrived: &Sender<()>,
    ends: &AtomicBool,
) -> std::io::Result<()> {
    let mut lines = BufReader::new(stream).lines();
    while let Some(first) = lines.next().transpose()? {
        while lines
            .next()
            .transpose()?
            .is_some_and(|line| !line.is_empty())
        {}
        let target = first.split(' ').nth(1).unwrap_or_default().to_owned();
        let answer = {
            let mut script = script.lock().unwrap();
            let at = script.iter().position(|next| target.contains(&next.holds));
            at.map(|at| script.remove(at).answer)
        };
        calls.lock().unwrap().push(target);
        arrived.send(()).unwrap_or_default();
        let answer = answer.unwrap_or_else(|| status(599, "nothing is left in the script"));
        if !write(stream, &answer, ends)? {
            return Ok(());
        }
    }
    Ok(())
}

/// Returns whether the connection can take another call.
fn write(mut stream: &TcpStream, answer: &Answer, ends: &AtomicBool) -> std::io::Result<bool> {
    match answer {
        Answer::Whole {
            status,
            headers,
            body,
        } => {
            let headers: String = headers.iter().map(|line| format!("{line}\r\n")).collect();
            let length = body.len();
            write!(
                stream,
                "HTTP/1.1 {status} Some\r\ncontent-length: {length}\r\n{headers}\r\n{body}"
            )?;
            Ok(true)
        }
        Answer::Silence => {
            until_it_ends(ends);
            Ok(false)
        }
        Answer::Stalls => {
            write!(stream, "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n[[")?;
            until_it_ends(ends);
            Ok(false)
        }
        Answer::BreaksOff => {
            write!(stream, "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n[[")?;
            Ok(false)
        }
        Answer::Closes => Ok(false),
        Answer::Endless => {
            write!(stream, "HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n[")?;
            loop {
                stream.write_all(&[b' '; 4_096])?;
            }
        }
    }
}

fn until_it_ends(ends: &AtomicBool) {
    while !ends.load(Ordering::Acquire) {
        thread::sleep(std::time::Duration::from_millis(5));
    }
}
