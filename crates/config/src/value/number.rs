//! Values that are numbers.

use super::{ParseContext, Parsed, Rejection};
use crate::text::{self, Integer, shown};
use supervisor_core::repr;

pub(super) fn whole_number(value: &[u8]) -> Parsed<Integer> {
    text::integer(value, 10).ok_or_else(|| {
        let rejection =
            Rejection::new(format!("invalid literal for int() with base 10: {}", repr::text(value)));
        let trimmed = text::strip_bytes(value);
        let digits = trimmed.iter().take_while(|byte| byte.is_ascii_digit()).count();
        if digits > 0 && trimmed.get(digits) == Some(&b'.') {
            rejection.with_hint(format!("write a whole number such as {}", shown(&trimmed[..digits])))
        } else {
            rejection
        }
    })
}

/// A whole number, kept within 64 bits.
pub(crate) fn integer(value: &[u8], context: &mut ParseContext<'_>) -> Parsed<i64> {
    let number = whole_number(value)?;
    if number.is_clamped {
        context.remarks.push(format!("{} is too large; {} is used", shown(value), number.value));
    }
    Ok(number.value)
}

/// A whole number; negative ones count as 0.
pub(crate) fn count(value: &[u8], context: &mut ParseContext<'_>) -> Parsed<u64> {
    let number = integer(value, context)?;
    Ok(at_least_zero(number, value, context))
}

/// [`count`], within 32 bits.
pub(crate) fn small_count(value: &[u8], context: &mut ParseContext<'_>) -> Parsed<u32> {
    let number = count(value, context)?;
    Ok(u32::try_from(number).unwrap_or_else(|_| {
        context.remarks.push(format!("{} is too large; {} is used", shown(value), u32::MAX));
        u32::MAX
    }))
}

/// Further attempts after a failed start; fewer than none are none.
pub(crate) fn retries(value: &[u8], context: &mut ParseContext<'_>) -> Parsed<i64> {
    let number = integer(value, context)?;
    at_least_zero(number, value, context);
    Ok(number.max(0))
}

fn at_least_zero(number: i64, value: &[u8], context: &mut ParseContext<'_>) -> u64 {
    u64::try_from(number).unwrap_or_else(|_| {
        context.remarks.push(format!("{} is negative; 0 is used", shown(value)));
        0
    })
}

/// A number of bytes, with `kb`, `mb` or `gb` for powers of 1024.
pub(crate) fn byte_size(value: &[u8], context: &mut ParseContext<'_>) -> Parsed<u64> {
    let lower = text::lower(value);
    let units = [("kb", 1i64 << 10), ("mb", 1 << 20), ("gb", 1 << 30)];
    let unit = units.iter().find_map(|&(suffix, factor)| Some((lower.strip_suffix(suffix)?, factor)));
    let (digits, factor) = unit.unwrap_or((&lower, 1));
    let number = whole_number(digits.as_bytes()).map_err(|rejection| {
        let has_short_unit = digits.ends_with(['k', 'm', 'g'])
            && text::integer(&digits.as_bytes()[..digits.len() - 1], 10).is_some();
        if has_short_unit { rejection.with_hint(format!("write {digits}b")) } else { rejection }
    })?;
    let size = number.value.checked_mul(factor).unwrap_or(if number.value < 0 { i64::MIN } else { i64::MAX });
    if number.is_clamped || size == i64::MAX {
        context.remarks.push(format!("{} is too large; {size} bytes are used", shown(value)));
    }
    Ok(at_least_zero(size, value, context))
}

/// Permission bits or a mask of them, in octal.
pub(crate) fn octal(value: &[u8], context: &mut ParseContext<'_>) -> Parsed<u32> {
    let number = text::integer(value, 8)
        .ok_or_else(|| Rejection::new(format!("{} can not be converted to an octal type", shown(value))))?;
    let bits = u32::try_from(number.value & 0o7777).unwrap_or_default();
    if i64::from(bits) != number.value {
        context.remarks.push(format!("{} has more than permission bits; {bits:04o} is used", shown(value)));
    }
    Ok(bits)
}

/// Exit codes, separated by commas.
pub(crate) fn exit_codes(value: &[u8], _: &mut ParseContext<'_>) -> Parsed<Vec<u8>> {
    if value.is_empty() {
        return Ok(Vec::new());
    }
    let code = |item: &[u8]| text::integer(item, 10).and_then(|number| u8::try_from(number.value).ok());
    let codes: Option<Vec<u8>> = value.split(|&byte| byte == b',').map(code).collect();
    codes.ok_or_else(|| {
        let rejection = Rejection::new(format!("not a valid list of exit codes: {}", repr::text(value)));
        if value.ends_with(b",") { rejection.with_hint("remove the last comma") } else { rejection }
    })
}
