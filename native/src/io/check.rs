use super::alignment::is_aligned;
use super::file_table::FileTable;
use super::{FileId, IoError, IoResult, Op, PIECES_MAX};

/// The file that an operation names, if it names one and if the operation is one that can be sent to the kernel:
/// what the kernel would refuse on some file systems and take on others is refused here on all.
pub(super) fn file_of<T: Copy>(files: &FileTable<T>, op: &Op) -> IoResult<Option<FileId>> {
    let Some(file) = op.file() else { return Ok(None) };
    let open = files.find(file).ok_or(IoError::BAD_FILE)?;
    if is_well_formed(open.is_direct, op) {
        Ok(Some(file))
    } else {
        Err(IoError::INVALID)
    }
}

/// Whether the numbers of an operation make sense, whatever file it is for.
pub(super) fn is_well_formed(is_direct: bool, op: &Op) -> bool {
    match op {
        Op::Read { position, target, .. } => fits_file(*position) && (!is_direct || is_aligned(*position, &[*target])),
        Op::Write { position, pieces, .. } => {
            fits_file(*position) && pieces.len() <= PIECES_MAX && (!is_direct || is_aligned(*position, pieces))
        }
        Op::Allocate { position, size, .. } => fits_file(*position) && fits_file(*size) && *size > 0,
        Op::SetSize { size, .. } => fits_file(*size),
        _ => true,
    }
}

/// Also keeps us from sending -1, which io_uring takes for "the file's own position".
fn fits_file(position: u64) -> bool {
    i64::try_from(position).is_ok()
}
