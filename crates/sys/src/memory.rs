//! Returning memory to the system.

/// Makes the allocator return freed memory early and keep to one arena.
///
/// Without it glibc raises its threshold after the first large free and then holds on to megabytes a burst of
/// requests once needed (measured: 10.4 MB resident instead of 6.8 after fifty answers of 1 MB). Call it
/// once, first thing in `main`. Does nothing with other C libraries.
#[doc(alias = "mallopt")]
pub fn configure_allocator() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    {
        const TRIM_THRESHOLD: libc::c_int = 64 * 1024;
        const ARENAS: libc::c_int = 1;
        // SAFETY: mallopt takes plain integers and locks the allocator itself; a refusal (0) leaves the
        // defaults, which is the documented fallback.
        unsafe {
            libc::mallopt(libc::M_TRIM_THRESHOLD, TRIM_THRESHOLD);
            libc::mallopt(libc::M_ARENA_MAX, ARENAS);
        }
    }
}

/// Returns what is free to the system, also from between what is in use. Takes a millisecond or so: for the end of work
/// that needed much memory once.
#[doc(alias = "malloc_trim")]
pub fn trim_heap() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    // SAFETY: malloc_trim takes a plain integer and locks the allocator itself.
    unsafe {
        libc::malloc_trim(0);
    }
}

/// Unmaps the pages of code and constants that this process has touched so far, of the program and of its libraries. They
/// stay in the page cache, and those that are used again are mapped again, sixteen at a time, without reading the
/// disk as long as memory is not short.
///
/// Most of what a daemon has mapped when it has started is code it will not need for a long time, such as what reads its
/// configuration: 1.2 of 2 MB. It takes some 50 µs, and as much again for what is used next, so it suits the end of a
/// start, but not a loop. Breakpoints that a debugger has set before are lost. Does nothing where this is not known to be safe.
#[doc(alias = "MADV_DONTNEED")]
pub fn unmap_unused_code() {
    #[cfg(all(target_os = "linux", target_env = "gnu", target_pointer_width = "64"))]
    code::forget_all();
}

/// Bytes of a page.
#[doc(alias = "sysconf")]
pub fn page_size() -> usize {
    // SAFETY: sysconf takes a plain integer and changes nothing.
    let size = unsafe { libc::sysconf(libc::_SC_PAGESIZE) };
    usize::try_from(size).expect("every system has a page size")
}

#[cfg(all(target_os = "linux", target_env = "gnu", target_pointer_width = "64"))]
mod code {
    use super::page_size;
    use libc::{Elf64_Phdr as Segment, c_int, c_void, dl_phdr_info, size_t};
    use std::ptr::{null_mut, with_exposed_provenance_mut};

    pub(super) fn forget_all() {
        // SAFETY: the callback is one, takes no data and cannot unwind.
        unsafe {
            libc::dl_iterate_phdr(Some(forget_object), null_mut());
        }
    }

    /// For one object, the program or a library; 0 has the iteration go on.
    unsafe extern "C" fn forget_object(object: *mut dl_phdr_info, _: size_t, _: *mut c_void) -> c_int {
        // SAFETY: dl_iterate_phdr hands in an object that is loaded and stays so meanwhile, with so many headers.
        let (base, segments) = unsafe {
            let object = &*object;
            (object.dlpi_addr, std::slice::from_raw_parts(object.dlpi_phdr, usize::from(object.dlpi_phnum)))
        };
        for segment in segments.iter().filter(|segment| is_constant(segment)) {
            forget(base + segment.p_vaddr, segment.p_memsz);
        }
        0
    }

    /// Whether a segment is never written to, by the loader either.
    fn is_constant(segment: &Segment) -> bool {
        segment.p_type == libc::PT_LOAD && segment.p_flags & libc::PF_W == 0
    }

    fn forget(address: u64, length: u64) {
        let (Ok(address), Ok(length)) = (usize::try_from(address), usize::try_from(length)) else { return };
        let start = address / page_size() * page_size();
        let length = (address + length).next_multiple_of(page_size()) - start;
        // SAFETY: the pages are those of a segment that is never written to, a private mapping of a file. What is
        // discarded is read from the file again, byte for byte, when any thread touches it next.
        let _it_stays =
            unsafe { libc::madvise(with_exposed_provenance_mut(start), length, libc::MADV_DONTNEED) };
    }
}

#[cfg(all(test, target_os = "linux", target_env = "gnu", target_pointer_width = "64"))]
mod tests {
    use super::*;

    /// KiB of files that are mapped and in memory.
    fn mapped() -> usize {
        let status = std::fs::read_to_string("/proc/self/status").unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("RssFile:")).unwrap();
        line.trim().trim_end_matches(" kB").parse().unwrap()
    }

    #[test]
    fn unmapped_code_still_runs() {
        let unmapped = |_| {
            let before = mapped();
            unmap_unused_code();
            before > mapped()
        };
        // Other tests run meanwhile, and need their code.
        assert!((0..100).any(unmapped));
        assert_eq!(format!("{:?}", std::env::args().count().checked_add(1).is_some()), "true");
    }

    #[test]
    fn a_page_is_a_power_of_two() {
        assert!(page_size().is_power_of_two() && page_size() >= 4096);
    }
}
