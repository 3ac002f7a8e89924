//! Error numbers: as a type to decide by, and their names and texts as upstream's messages show them.
//!
//! Three spellings occur: the bare name (`ENOENT`, in spawn errors), the name with the number (`EACCES
//! (13)`), and Python's rendering of an exception (`[Errno 3] No such process`).

use crate::entry::Refusal;
use std::io;

pub use rustix::io::Errno;

/// The error number behind `error`, for a `match`; a [`Refusal`] counts as the error nearest to it. `None` for an
/// error that no system call reported.
pub fn errno_of(error: &io::Error) -> Option<Errno> {
    Errno::from_io_error(error).or_else(|| Refusal::behind(error).map(Refusal::errno))
}

/// What the C library function that has just failed left in errno. Async-signal-safe.
pub(crate) fn last() -> Errno {
    Errno::from_io_error(&io::Error::last_os_error()).unwrap_or(Errno::INVAL)
}

/// Builds the table from the C library's constants, so that the numbers are the platform's own.
macro_rules! names {
    ($($name:ident)*) => { &[$((libc::$name, stringify!($name))),*] };
}

/// What every Unix has. Where two names share a number, Python shows the one listed here.
const COMMON: &[(i32, &str)] = names![
    EPERM ENOENT ESRCH EINTR EIO ENXIO E2BIG ENOEXEC EBADF ECHILD EAGAIN ENOMEM EACCES EFAULT ENOTBLK EBUSY EEXIST EXDEV
    ENODEV ENOTDIR EISDIR EINVAL ENFILE EMFILE ENOTTY ETXTBSY EFBIG ENOSPC ESPIPE EROFS EMLINK EPIPE EDOM ERANGE
    ENAMETOOLONG ENOLCK ENOSYS ENOTEMPTY ELOOP ENOMSG EIDRM EILSEQ EUSERS ENOTSOCK EDESTADDRREQ EMSGSIZE
    EPROTOTYPE ENOPROTOOPT EPROTONOSUPPORT ESOCKTNOSUPPORT ENOTSUP EPFNOSUPPORT EAFNOSUPPORT EADDRINUSE EADDRNOTAVAIL
    ENETDOWN ENETUNREACH ENETRESET ECONNABORTED ECONNRESET ENOBUFS EISCONN ENOTCONN ESHUTDOWN ETOOMANYREFS ETIMEDOUT
    ECONNREFUSED EHOSTDOWN EHOSTUNREACH EALREADY EINPROGRESS ESTALE EDQUOT ECANCELED EOVERFLOW EBADMSG EPROTO
    EREMOTE
];

#[cfg(any(target_os = "linux", target_os = "android"))]
const OWN: &[(i32, &str)] = names![
    EDEADLOCK ECHRNG EL2NSYNC EL3HLT EL3RST ELNRNG EUNATCH ENOCSI EL2HLT EBADE EBADR EXFULL ENOANO EBADRQC EBADSLT EBFONT
    ENOSTR ENODATA ETIME ENOSR ENONET ENOPKG ENOLINK EADV ESRMNT ECOMM EMULTIHOP EDOTDOT ENOTUNIQ EBADFD EREMCHG ELIBACC
    ELIBBAD ELIBSCN ELIBMAX ELIBEXEC ERESTART ESTRPIPE EUCLEAN ENOTNAM ENAVAIL EISNAM EREMOTEIO ENOMEDIUM EMEDIUMTYPE
    ENOKEY EKEYEXPIRED EKEYREVOKED EKEYREJECTED EOWNERDEAD ENOTRECOVERABLE ERFKILL
];

#[cfg(not(any(target_os = "linux", target_os = "android")))]
const OWN: &[(i32, &str)] = names![EDEADLK EOPNOTSUPP EPROCLIM EFTYPE EAUTH ENEEDAUTH ENOATTR];

/// The symbolic name of an error number, such as `ENOENT`, exactly as Python's `errno.errorcode` has it.
///
/// Async-signal-safe: it only reads constants.
pub fn errno_name(number: i32) -> Option<&'static str> {
    COMMON.iter().chain(OWN).find(|(known, _)| *known == number).map(|&(_, name)| name)
}

/// The C library's sentence for an error number, such as `No such process`.
#[doc(alias = "strerror")]
pub fn errno_text(number: i32) -> String {
    // The standard library writes the sentence, and the number behind it.
    let mut text = io::Error::from_raw_os_error(number).to_string();
    text.truncate(text.len() - format!(" (os error {number})").len());
    text
}

/// What an error says, in the system's words: `Is a directory`, where the standard library adds `(os error 21)`.
pub fn words(error: &io::Error) -> String {
    error.raw_os_error().map_or_else(|| error.to_string(), errno_text)
}

/// An error as Python prints it: `[Errno 3] No such process`. An error without a number prints its own text.
pub fn python_text(error: &io::Error) -> String {
    match error.raw_os_error() {
        Some(number) => format!("[Errno {number}] {}", errno_text(number)),
        None => error.to_string(),
    }
}

/// An error's symbolic name, or its number in decimal where there is no name, or its text where there is no
/// number. A [`Refusal`] has the name of the error nearest to it.
pub fn code_text(error: &io::Error) -> String {
    match error.raw_os_error().or_else(|| errno_of(error).map(Errno::raw_os_error)) {
        Some(number) => errno_name(number).map_or_else(|| number.to_string(), str::to_owned),
        None => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Python 3.11's `errno.errorcode` on Linux, number by number from 1 on; `-` where it has none.
    #[cfg(target_os = "linux")]
    const PYTHON: &str = "EPERM ENOENT ESRCH EINTR EIO ENXIO E2BIG ENOEXEC EBADF ECHILD EAGAIN ENOMEM EACCES EFAULT \
        ENOTBLK EBUSY EEXIST EXDEV ENODEV ENOTDIR EISDIR EINVAL ENFILE EMFILE ENOTTY ETXTBSY EFBIG ENOSPC ESPIPE EROFS \
        EMLINK EPIPE EDOM ERANGE EDEADLOCK ENAMETOOLONG ENOLCK ENOSYS ENOTEMPTY ELOOP - ENOMSG EIDRM ECHRNG EL2NSYNC \
        EL3HLT EL3RST ELNRNG EUNATCH ENOCSI EL2HLT EBADE EBADR EXFULL ENOANO EBADRQC EBADSLT - EBFONT ENOSTR ENODATA ETIME \
        ENOSR ENONET ENOPKG EREMOTE ENOLINK EADV ESRMNT ECOMM EPROTO EMULTIHOP EDOTDOT EBADMSG EOVERFLOW ENOTUNIQ EBADFD \
        EREMCHG ELIBACC ELIBBAD ELIBSCN ELIBMAX ELIBEXEC EILSEQ ERESTART ESTRPIPE EUSERS ENOTSOCK EDESTADDRREQ EMSGSIZE \
        EPROTOTYPE ENOPROTOOPT EPROTONOSUPPORT ESOCKTNOSUPPORT ENOTSUP EPFNOSUPPORT EAFNOSUPPORT EADDRINUSE \
        EADDRNOTAVAIL ENETDOWN ENETUNREACH ENETRESET ECONNABORTED ECONNRESET ENOBUFS EISCONN ENOTCONN ESHUTDOWN \
        ETOOMANYREFS ETIMEDOUT ECONNREFUSED EHOSTDOWN EHOSTUNREACH EALREADY EINPROGRESS ESTALE EUCLEAN ENOTNAM ENAVAIL \
        EISNAM EREMOTEIO EDQUOT ENOMEDIUM EMEDIUMTYPE ECANCELED ENOKEY EKEYEXPIRED EKEYREVOKED EKEYREJECTED EOWNERDEAD \
        ENOTRECOVERABLE ERFKILL";

    #[cfg(target_os = "linux")]
    #[test]
    fn names_equal_pythons_table() {
        let python: Vec<&str> = PYTHON.split_whitespace().collect();
        assert_eq!(python.len(), 132);
        for number in 0..200_i32 {
            let expected =
                number.checked_sub(1).and_then(|i| usize::try_from(i).ok()).and_then(|i| python.get(i));
            assert_eq!(errno_name(number), expected.copied().filter(|name| *name != "-"), "{number}");
        }
    }

    #[test]
    fn texts_read_as_pythons_exceptions() {
        assert_eq!(python_text(&io::Error::from_raw_os_error(libc::ESRCH)), "[Errno 3] No such process");
        assert_eq!(python_text(&io::Error::other("no number")), "no number");
        assert_eq!(errno_text(99_999), "Unknown error 99999");
    }

    #[test]
    fn error_text_is_strerror_without_number() {
        assert_eq!(words(&io::Error::from_raw_os_error(libc::EISDIR)), "Is a directory");
        assert_eq!(words(&io::Error::other("no number")), "no number");
    }

    #[test]
    fn an_errno_is_found_behind_an_io_error_and_the_nearest_one_for_a_refusal() {
        assert_eq!(errno_of(&io::Error::from_raw_os_error(libc::ESRCH)), Some(Errno::SRCH));
        assert_eq!(errno_of(&io::Error::from_raw_os_error(4242)), None);
        assert_eq!(errno_of(&io::Error::other("no number")), None);
        let refusal = Refusal::HardLinks { path: "/log".into(), links: 2 };
        assert_eq!(errno_of(&refusal.clone().into()), Some(Errno::MLINK));
        assert_eq!(code_text(&refusal.into()), "EMLINK");
    }

    #[test]
    fn code_text_falls_back_to_the_number() {
        assert_eq!(code_text(&io::Error::from_raw_os_error(libc::EISDIR)), "EISDIR");
        assert_eq!(code_text(&io::Error::from_raw_os_error(4242)), "4242");
    }
}
